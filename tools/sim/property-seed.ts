// Set-up file of the unit tests: properties run from a fixed seed, so that what passed passes again; `npm run simulate` takes others.

import { seedsOf } from '@macula/testkit';
import fc from 'fast-check';

fc.configureGlobal({ seed: seedsOf(process.env, 1)[0]! });
