export {
  type ClaimSigner,
  type ClaimStatus,
  claimBytes,
  compareClaims,
  type MemberClaim,
  type UnsignedClaim,
  unsignedClaims,
} from './claim.js';
export { decodeMessage, encodeMessage } from './codec.js';
export { SwimError, type SwimErrorCode } from './errors.js';
export {
  incarnationMax,
  memberIdCharactersMax,
  membersMax,
  metadataBytesMax,
  signatureBytesMax,
  updatesPerMessageMax,
} from './limits.js';
export { Membership } from './membership.js';
export {
  checkMessage,
  type MemberState,
  type MemberUpdate,
  type SwimMessage,
  supersedes,
  updateBytes,
} from './messages.js';
export type { MembershipOptions, SwimOutput, SwimTimeout } from './options.js';
export { type SwimProfile, type SwimProfileName, suspicionMinMs, swimProfiles } from './profile.js';
