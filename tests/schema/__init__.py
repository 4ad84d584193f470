"""The JSON documents, held against their schemas."""
