/** Major version of the wire protocol: different majors refuse each other with `version_unsupported`. 2: HELLO names the certificate, names are claimed by signature. */
export const wireMajor = 2;

/** Minor version: newer minors add message types and fields, which older ones ignore. */
export const wireMinor = 0;
