/** Of the package; a test holds it to `package.json`, which a bundle doesn't have beside it. */
export const TIDEMARK_VERSION = "0.1.0";
