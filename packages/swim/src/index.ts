export { SwimError, type SwimErrorCode } from './errors.js';
export { incarnationMax, memberIdCharactersMax, membersMax, updatesPerMessageMax } from './limits.js';
export { Membership, type MembershipOptions, type SwimOutput, type SwimTimeout } from './membership.js';
export { type MemberState, type MemberUpdate, type SwimMessage, supersedes } from './messages.js';
export { type SwimProfile, type SwimProfileName, swimProfiles } from './profile.js';
