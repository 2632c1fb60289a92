"""Writers of tables in other formats, one module a family; `reptheory.build.export` lists and calls them."""
