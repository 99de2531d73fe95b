"""The documentation site: pages that are made from the package, and the checks of the built site."""
