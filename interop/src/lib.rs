//! Nothing: the package is its tests, and a plugin that they start.
