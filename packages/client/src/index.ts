export * from './errors.js';
export * from './guess-limiter.js';
export * from './incoming-tunnel.js';
export * from './limits.js';
export * from './mesh.js';
export * from './mesh-event.js';
export * from './mesh-tunnel.js';
export * from './open-retries.js';
