/** Major version of the wire protocol: different majors refuse each other with `version_unsupported`. */
export const wireMajor = 1;

/** Minor version: newer minors add message types and fields, which older ones ignore. 1: RENEW and FORMER_GONE. */
export const wireMinor = 1;
