/** Pure cores of the relay for simulations of it (`@macula/relay/cores`); nothing that other programs can rely on. */
export { handshakeCostMs, helloCostMs, lagProbeMs } from './limits.js';
export { HelloPace } from './quota/hello-pace.js';
export { type HelloId, HelloPlaces } from './quota/hello-places.js';
export { quotaLimitsDefault } from './quota/quota-limits.js';
export { Quotas } from './quota/quotas.js';
