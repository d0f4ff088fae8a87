export * from './errors.js';
export * from './limits.js';
export * from './relay-url.js';
export * from './transport.js';
