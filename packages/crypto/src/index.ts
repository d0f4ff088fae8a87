/** Keys, handshakes, sealed records and identities of the macula mesh. Pure: no clock, no sockets, randomness comes in. */

export {
  type CPaceFinishOptions,
  type CPaceStarted,
  type CPaceStartOptions,
  cpaceFinish,
  cpaceShareBytes,
  cpaceStart,
  iskBytes,
} from './cpace.js';
export {
  EnvelopeV1Opener,
  envelopeV1OverheadBytes,
  envelopeV1PlaintextBytesMax,
  openV1,
  sealFrameV1,
  sealV1,
} from './envelope-v1.js';
export { CryptoError, type CryptoErrorCode, isTokenErrorCode, type TokenErrorCode } from './errors.js';
export {
  Identity,
  identityFromSeed,
  identityId,
  identityIdLength,
  identitySeedBytes,
  parseIdentityId,
  publicKeyBytes,
  type SignatureClaim,
  signatureBytes,
  verifySignature,
} from './identity.js';
export { constantTimeEqual, hkdfLengthMax, hkdfSha256, hmacSha256, sha256Bytes, wipe } from './kdf.js';
export { CipherState, nonceLimit } from './noise/cipher-state.js';
export {
  NoiseNNpsk0,
  type NoiseOptions,
  type NoiseResult,
  type NoiseStage,
  noiseMessageBytesMax,
  noiseOverheadBytes,
  noiseProtocolName,
  noisePskBytes,
} from './noise/nnpsk0.js';
export type { RandomSource } from './random.js';
export type { RecordOptions } from './record/key-schedule.js';
export {
  recordCountMax,
  recordHeaderBytes,
  recordOverheadBytes,
  recordPlaintextBytesMax,
  rekeyEveryBytesDefault,
  rekeyEveryRecordsDefault,
} from './record/limits.js';
export { RecordOpener, RecordSealer } from './record/record.js';
export {
  isTokenId,
  parseTokenLimits,
  type TokenClaims,
  type TokenLimits,
  tokenLimitNames,
} from './token/claims.js';
export { grantsName, type RealmGrant, requireGranted, type TokenWish } from './token/grant.js';
export {
  clockToleranceMsDefault,
  tokenBytesMax,
  tokenIdBytes,
  tokenNameBytesMax,
  tokenPatternsMax,
  tokenRealmBytesMax,
  tokenTimeSecondsMax,
} from './token/limits.js';
export { matchesNamePattern } from './token/name-pattern.js';
export {
  type InspectedToken,
  type IssueTokenOptions,
  inspectToken,
  issueToken,
  type VerifyTokenOptions,
  verifyToken,
} from './token/token.js';
export { deriveAttachPsk, deriveFirstPsk, deriveTunnelKey, tunnelKeyBytes } from './tunnel-key.js';
