"""Tables: the schema, the file format and the store; numpy only."""
