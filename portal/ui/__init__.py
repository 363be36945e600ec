"""Templates, assets and helpers shared by all pages."""
