export * from './codes.js';
export * from './errors.js';
export * from './frame.js';
export * from './hello.js';
export * from './limits.js';
export * from './messages.js';
export * from './name-claim.js';
export * from './version.js';
