"""Conversion: numbers of other packages into ours and back; what convention they follow; are they right?"""
