/** Pure cores of the client for simulations of it (`@macula/client/cores`); nothing that other programs can rely on. */
export { jittered, RedialPause } from './redial-pause.js';
export { RelayHolds } from './relay-holds.js';
