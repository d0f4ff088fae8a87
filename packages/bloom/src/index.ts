export { BloomFilter, type BloomFilterParts } from './bloom-filter.js';
export { decodeDelta, decodeFilter, encodeDelta, encodeFilter } from './codec.js';
export { CountingBloomFilter } from './counting-bloom-filter.js';
export { applyDelta, type BloomDelta } from './delta.js';
export { elementOf, type RealmName } from './element.js';
export { BloomError, type BloomErrorCode } from './errors.js';
export { type Followed, followFilter } from './follow.js';
export { deltaPositionsMax, elementBytes, filterBitsMax, filterHashesMax } from './limits.js';
export { type BloomParameters, type BloomPlan, parametersFor, positionsOf } from './parameters.js';
