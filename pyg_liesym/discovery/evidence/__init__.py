"""Three questions about data, each answered by linear algebra and judged by one rule."""
