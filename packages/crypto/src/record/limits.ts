/**
 * Longest plaintext of one record, in bytes: a 64 KiB payload and 64 bytes for what the tunnel puts before it (record
 * type, offset). A larger claim is refused before its bytes are collected.
 */
export const recordPlaintextBytesMax: number = 65536 + 64;

/** Bytes before the ciphertext: the length, u32be. */
export const recordHeaderBytes = 4;

/** What a record is longer than its plaintext, in bytes: header and tag. */
export const recordOverheadBytes: number = recordHeaderBytes + 16;

/**
 * Default of `rekeyEveryRecords`. 2^20 records of 2^16 bytes are 2^32 AES blocks under one key, far from the bounds
 * of GCM with counter nonces (RFC 8446 section 5.5 allows 2^24.5 full-size records of 2^14 bytes, 2^34.5 blocks).
 */
export const rekeyEveryRecordsDefault: number = 2 ** 20;

/** Default of `rekeyEveryBytes`: 64 GiB of plaintext, which is 2^20 records of 64 KiB. */
export const rekeyEveryBytesDefault: number = 64 * 2 ** 30;

/** Records one direction can carry: counters stay integers a JavaScript number holds exactly. */
export const recordCountMax: number = Number.MAX_SAFE_INTEGER;

/**
 * Chunks shorter than this many bytes are copied together with their neighbours. It bounds memory (a path that delivers
 * single bytes would otherwise cost some 100 bytes for each) and it is faster: copying 4 KiB takes less time than one
 * more call into the cipher. Chunks of 1448 bytes opened at 0.8 GB/s with 1024 here, at 1.4 GB/s with 4096.
 */
export const coalesceBytesMax = 4096;

/** Size of the buffers small chunks are copied into, in bytes. One is held by each opener that ever saw one. */
export const coalesceBufferBytes: number = 16 * 1024;
