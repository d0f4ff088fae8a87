/** Members in a table, the dead ones included; updates about further ones are ignored. 4,096 × ~500 B = 2 MB. */
export const membersMax = 4_096;

/** Updates in one message: a `join_reply` may list every member and the sender. */
export const updatesPerMessageMax = 4_097;

/** Characters of a member id: a key fingerprint has 43 to 64. */
export const memberIdCharactersMax = 128;

/** Bytes of metadata in a claim: a URL or two, some numbers. */
export const metadataBytesMax = 256;

/** Bytes of a claim's signature: Ed25519 has 64. */
export const signatureBytesMax = 128;

/** 2^48: one refutation per second lasts 8.9 million years; leaves room below 2^53 for the answer to the largest. */
export const incarnationMax: number = 2 ** 48;

/** 2^47: what a member begins with; milliseconds since 1970 reach it in the year 6429. Beyond {@link incarnationMax} nobody believes it. */
export const firstIncarnationMax: number = 2 ** 47;

/** Probes that a member makes for others at a time: 3 for each of 340 requesters within one interval. */
export const relayedProbesMax = 1_024;

/** Pieces of news that wait, about what three messages hold; with more it is a wave, which has no room for repetition and confirmations. */
export const calmNewsMax = 16;
