/**
 * Longest token, bytes of its text. Patterns are what makes one long: 64 of 40 characters are 2.6 KiB of claims, 3.5 KiB
 * in base64url; it travels in a PROOF of at most 64 KiB.
 */
export const tokenBytesMax = 4096;

/** Size of a token's random id (`jti`), bytes: enough that no two tokens of a mesh ever share one. */
export const tokenIdBytes = 16;

/** Patterns of names in one token: as many as a session may advertise names. */
export const tokenPatternsMax = 64;

/** Longest pattern of a name, bytes of UTF-8: the longest node name, 255 characters of four bytes each. */
export const tokenNameBytesMax = 1020;

/** Longest realm, bytes of UTF-8, as in a HELLO. */
export const tokenRealmBytesMax = 255;

/** Latest time in a token, seconds since 1970: the end of the year 9999, the last that has a date in ISO 8601. */
export const tokenTimeSecondsMax = 253_402_300_799;

/** Milliseconds by which the clocks of issuer and relay may differ, unless the caller says otherwise: a minute. */
export const clockToleranceMsDefault = 60_000;
