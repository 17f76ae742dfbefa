import fc from "fast-check"

/** The same tree gets the same verdict: properties are tried with one seed, and with others where `PROPERTY_SEED` says so. */
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env["PROPERTY_SEED"] ?? 1) })
