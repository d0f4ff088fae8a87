// Relay and client of commit e8f3d1d205b74bbb04c7dd86157c9187a7ec3906, made by pin.mjs; not to be edited.
import { createRequire as requireFrom } from 'node:module';
const require = requireFrom(import.meta.url);
var __create = Object.create;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getProtoOf = Object.getPrototypeOf;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __require = /* @__PURE__ */ ((x) => typeof require !== "undefined" ? require : typeof Proxy !== "undefined" ? new Proxy(x, {
  get: (a, b) => (typeof require !== "undefined" ? require : a)[b]
}) : x)(function(x) {
  if (typeof require !== "undefined") return require.apply(this, arguments);
  throw Error('Dynamic require of "' + x + '" is not supported');
});
var __commonJS = (cb, mod2) => function __require2() {
  try {
    return mod2 || (0, cb[__getOwnPropNames(cb)[0]])((mod2 = { exports: {} }).exports, mod2), mod2.exports;
  } catch (e) {
    throw mod2 = 0, e;
  }
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toESM = (mod2, isNodeMode, target2) => (target2 = mod2 != null ? __create(__getProtoOf(mod2)) : {}, __copyProps(
  // If the importer is in node compatibility mode or this is not an ESM
  // file that has been converted to a CommonJS file using a Babel-
  // compatible transform (i.e. "__esModule" has not been set), then set
  // "default" to the CommonJS "module.exports" for node compatibility.
  isNodeMode || !mod2 || !mod2.__esModule ? __defProp(target2, "default", { value: mod2, enumerable: true }) : target2,
  mod2
));

// node_modules/.pnpm/pino-std-serializers@7.1.0/node_modules/pino-std-serializers/lib/err-helpers.js
var require_err_helpers = __commonJS({
  "node_modules/.pnpm/pino-std-serializers@7.1.0/node_modules/pino-std-serializers/lib/err-helpers.js"(exports, module) {
    "use strict";
    var isErrorLike = (err) => {
      return err && typeof err.message === "string";
    };
    var getErrorCause = (err) => {
      if (!err) return;
      const cause = err.cause;
      if (typeof cause === "function") {
        const causeResult = err.cause();
        return isErrorLike(causeResult) ? causeResult : void 0;
      } else {
        return isErrorLike(cause) ? cause : void 0;
      }
    };
    var _stackWithCauses = (err, seen) => {
      if (!isErrorLike(err)) return "";
      const stack = err.stack || "";
      if (seen.has(err)) {
        return stack + "\ncauses have become circular...";
      }
      const cause = getErrorCause(err);
      if (cause) {
        seen.add(err);
        return stack + "\ncaused by: " + _stackWithCauses(cause, seen);
      } else {
        return stack;
      }
    };
    var stackWithCauses = (err) => _stackWithCauses(err, /* @__PURE__ */ new Set());
    var _messageWithCauses = (err, seen, skip) => {
      if (!isErrorLike(err)) return "";
      const message2 = skip ? "" : err.message || "";
      if (seen.has(err)) {
        return message2 + ": ...";
      }
      const cause = getErrorCause(err);
      if (cause) {
        seen.add(err);
        const skipIfVErrorStyleCause = typeof err.cause === "function";
        return message2 + (skipIfVErrorStyleCause ? "" : ": ") + _messageWithCauses(cause, seen, skipIfVErrorStyleCause);
      } else {
        return message2;
      }
    };
    var messageWithCauses = (err) => _messageWithCauses(err, /* @__PURE__ */ new Set());
    module.exports = {
      isErrorLike,
      getErrorCause,
      stackWithCauses,
      messageWithCauses
    };
  }
});

// node_modules/.pnpm/pino-std-serializers@7.1.0/node_modules/pino-std-serializers/lib/err-proto.js
var require_err_proto = __commonJS({
  "node_modules/.pnpm/pino-std-serializers@7.1.0/node_modules/pino-std-serializers/lib/err-proto.js"(exports, module) {
    "use strict";
    var seen = /* @__PURE__ */ Symbol("circular-ref-tag");
    var rawSymbol = /* @__PURE__ */ Symbol("pino-raw-err-ref");
    var pinoErrProto = Object.create({}, {
      type: {
        enumerable: true,
        writable: true,
        value: void 0
      },
      message: {
        enumerable: true,
        writable: true,
        value: void 0
      },
      stack: {
        enumerable: true,
        writable: true,
        value: void 0
      },
      aggregateErrors: {
        enumerable: true,
        writable: true,
        value: void 0
      },
      raw: {
        enumerable: false,
        get: function() {
          return this[rawSymbol];
        },
        set: function(val) {
          this[rawSymbol] = val;
        }
      }
    });
    Object.defineProperty(pinoErrProto, rawSymbol, {
      writable: true,
      value: {}
    });
    module.exports = {
      pinoErrProto,
      pinoErrorSymbols: {
        seen,
        rawSymbol
      }
    };
  }
});

// node_modules/.pnpm/pino-std-serializers@7.1.0/node_modules/pino-std-serializers/lib/err.js
var require_err = __commonJS({
  "node_modules/.pnpm/pino-std-serializers@7.1.0/node_modules/pino-std-serializers/lib/err.js"(exports, module) {
    "use strict";
    module.exports = errSerializer;
    var { messageWithCauses, stackWithCauses, isErrorLike } = require_err_helpers();
    var { pinoErrProto, pinoErrorSymbols } = require_err_proto();
    var { seen } = pinoErrorSymbols;
    var { toString } = Object.prototype;
    function errSerializer(err) {
      if (!isErrorLike(err)) {
        return err;
      }
      err[seen] = void 0;
      const _err = Object.create(pinoErrProto);
      _err.type = toString.call(err.constructor) === "[object Function]" ? err.constructor.name : err.name;
      _err.message = messageWithCauses(err);
      _err.stack = stackWithCauses(err);
      if (Array.isArray(err.errors)) {
        _err.aggregateErrors = err.errors.map((err2) => errSerializer(err2));
      }
      for (const key in err) {
        if (_err[key] === void 0) {
          const val = err[key];
          if (isErrorLike(val)) {
            if (key !== "cause" && !Object.prototype.hasOwnProperty.call(val, seen)) {
              _err[key] = errSerializer(val);
            }
          } else {
            _err[key] = val;
          }
        }
      }
      delete err[seen];
      _err.raw = err;
      return _err;
    }
  }
});

// node_modules/.pnpm/pino-std-serializers@7.1.0/node_modules/pino-std-serializers/lib/err-with-cause.js
var require_err_with_cause = __commonJS({
  "node_modules/.pnpm/pino-std-serializers@7.1.0/node_modules/pino-std-serializers/lib/err-with-cause.js"(exports, module) {
    "use strict";
    module.exports = errWithCauseSerializer;
    var { isErrorLike } = require_err_helpers();
    var { pinoErrProto, pinoErrorSymbols } = require_err_proto();
    var { seen } = pinoErrorSymbols;
    var { toString } = Object.prototype;
    function errWithCauseSerializer(err) {
      if (!isErrorLike(err)) {
        return err;
      }
      err[seen] = void 0;
      const _err = Object.create(pinoErrProto);
      _err.type = toString.call(err.constructor) === "[object Function]" ? err.constructor.name : err.name;
      _err.message = err.message;
      _err.stack = err.stack;
      if (Array.isArray(err.errors)) {
        _err.aggregateErrors = err.errors.map((err2) => errWithCauseSerializer(err2));
      }
      if (isErrorLike(err.cause) && !Object.prototype.hasOwnProperty.call(err.cause, seen)) {
        _err.cause = errWithCauseSerializer(err.cause);
      }
      for (const key in err) {
        if (_err[key] === void 0) {
          const val = err[key];
          if (isErrorLike(val)) {
            if (!Object.prototype.hasOwnProperty.call(val, seen)) {
              _err[key] = errWithCauseSerializer(val);
            }
          } else {
            _err[key] = val;
          }
        }
      }
      delete err[seen];
      _err.raw = err;
      return _err;
    }
  }
});

// node_modules/.pnpm/pino-std-serializers@7.1.0/node_modules/pino-std-serializers/lib/req.js
var require_req = __commonJS({
  "node_modules/.pnpm/pino-std-serializers@7.1.0/node_modules/pino-std-serializers/lib/req.js"(exports, module) {
    "use strict";
    module.exports = {
      mapHttpRequest,
      reqSerializer
    };
    var rawSymbol = /* @__PURE__ */ Symbol("pino-raw-req-ref");
    var pinoReqProto = Object.create({}, {
      id: {
        enumerable: true,
        writable: true,
        value: ""
      },
      method: {
        enumerable: true,
        writable: true,
        value: ""
      },
      url: {
        enumerable: true,
        writable: true,
        value: ""
      },
      query: {
        enumerable: true,
        writable: true,
        value: ""
      },
      params: {
        enumerable: true,
        writable: true,
        value: ""
      },
      headers: {
        enumerable: true,
        writable: true,
        value: {}
      },
      remoteAddress: {
        enumerable: true,
        writable: true,
        value: ""
      },
      remotePort: {
        enumerable: true,
        writable: true,
        value: ""
      },
      raw: {
        enumerable: false,
        get: function() {
          return this[rawSymbol];
        },
        set: function(val) {
          this[rawSymbol] = val;
        }
      }
    });
    Object.defineProperty(pinoReqProto, rawSymbol, {
      writable: true,
      value: {}
    });
    function reqSerializer(req) {
      const connection = req.info || req.socket;
      const _req = Object.create(pinoReqProto);
      _req.id = typeof req.id === "function" ? req.id() : req.id || (req.info ? req.info.id : void 0);
      _req.method = req.method;
      if (req.originalUrl) {
        _req.url = req.originalUrl;
      } else {
        const path = req.path;
        _req.url = typeof path === "string" ? path : req.url ? req.url.path || req.url : void 0;
      }
      if (req.query) {
        _req.query = req.query;
      }
      if (req.params) {
        _req.params = req.params;
      }
      _req.headers = req.headers;
      _req.remoteAddress = connection && connection.remoteAddress;
      _req.remotePort = connection && connection.remotePort;
      _req.raw = req.raw || req;
      return _req;
    }
    function mapHttpRequest(req) {
      return {
        req: reqSerializer(req)
      };
    }
  }
});

// node_modules/.pnpm/pino-std-serializers@7.1.0/node_modules/pino-std-serializers/lib/res.js
var require_res = __commonJS({
  "node_modules/.pnpm/pino-std-serializers@7.1.0/node_modules/pino-std-serializers/lib/res.js"(exports, module) {
    "use strict";
    module.exports = {
      mapHttpResponse,
      resSerializer
    };
    var rawSymbol = /* @__PURE__ */ Symbol("pino-raw-res-ref");
    var pinoResProto = Object.create({}, {
      statusCode: {
        enumerable: true,
        writable: true,
        value: 0
      },
      headers: {
        enumerable: true,
        writable: true,
        value: ""
      },
      raw: {
        enumerable: false,
        get: function() {
          return this[rawSymbol];
        },
        set: function(val) {
          this[rawSymbol] = val;
        }
      }
    });
    Object.defineProperty(pinoResProto, rawSymbol, {
      writable: true,
      value: {}
    });
    function resSerializer(res) {
      const _res = Object.create(pinoResProto);
      _res.statusCode = res.headersSent ? res.statusCode : null;
      _res.headers = res.getHeaders ? res.getHeaders() : res._headers;
      _res.raw = res;
      return _res;
    }
    function mapHttpResponse(res) {
      return {
        res: resSerializer(res)
      };
    }
  }
});

// node_modules/.pnpm/pino-std-serializers@7.1.0/node_modules/pino-std-serializers/index.js
var require_pino_std_serializers = __commonJS({
  "node_modules/.pnpm/pino-std-serializers@7.1.0/node_modules/pino-std-serializers/index.js"(exports, module) {
    "use strict";
    var errSerializer = require_err();
    var errWithCauseSerializer = require_err_with_cause();
    var reqSerializers = require_req();
    var resSerializers = require_res();
    module.exports = {
      err: errSerializer,
      errWithCause: errWithCauseSerializer,
      mapHttpRequest: reqSerializers.mapHttpRequest,
      mapHttpResponse: resSerializers.mapHttpResponse,
      req: reqSerializers.reqSerializer,
      res: resSerializers.resSerializer,
      wrapErrorSerializer: function wrapErrorSerializer(customSerializer) {
        if (customSerializer === errSerializer) return customSerializer;
        return function wrapErrSerializer(err) {
          return customSerializer(errSerializer(err));
        };
      },
      wrapRequestSerializer: function wrapRequestSerializer(customSerializer) {
        if (customSerializer === reqSerializers.reqSerializer) return customSerializer;
        return function wrappedReqSerializer(req) {
          return customSerializer(reqSerializers.reqSerializer(req));
        };
      },
      wrapResponseSerializer: function wrapResponseSerializer(customSerializer) {
        if (customSerializer === resSerializers.resSerializer) return customSerializer;
        return function wrappedResSerializer(res) {
          return customSerializer(resSerializers.resSerializer(res));
        };
      }
    };
  }
});

// node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/caller.js
var require_caller = __commonJS({
  "node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/caller.js"(exports, module) {
    "use strict";
    var util = __require("node:util");
    var getCallSites = util.getCallSites ?? util.getCallSite;
    function noOpPrepareStackTrace(_, stack) {
      return stack;
    }
    module.exports = function getCallers() {
      if (getCallSites) {
        return getCallSites().slice(2).map((callSite) => callSite.scriptName);
      }
      const originalPrepare = Error.prepareStackTrace;
      Error.prepareStackTrace = noOpPrepareStackTrace;
      const stack = new Error().stack;
      Error.prepareStackTrace = originalPrepare;
      if (!Array.isArray(stack)) {
        return void 0;
      }
      const entries = stack.slice(2);
      const fileNames = [];
      for (const entry of entries) {
        if (!entry) {
          continue;
        }
        fileNames.push(entry.getFileName());
      }
      return fileNames;
    };
  }
});

// node_modules/.pnpm/@pinojs+redact@0.4.0/node_modules/@pinojs/redact/index.js
var require_redact = __commonJS({
  "node_modules/.pnpm/@pinojs+redact@0.4.0/node_modules/@pinojs/redact/index.js"(exports, module) {
    "use strict";
    function deepClone(obj) {
      if (obj === null || typeof obj !== "object") {
        return obj;
      }
      if (obj instanceof Date) {
        return new Date(obj.getTime());
      }
      if (obj instanceof Array) {
        const cloned = [];
        for (let i = 0; i < obj.length; i++) {
          cloned[i] = deepClone(obj[i]);
        }
        return cloned;
      }
      if (typeof obj === "object") {
        const cloned = Object.create(Object.getPrototypeOf(obj));
        for (const key in obj) {
          if (Object.prototype.hasOwnProperty.call(obj, key)) {
            cloned[key] = deepClone(obj[key]);
          }
        }
        return cloned;
      }
      return obj;
    }
    function parsePath(path) {
      const parts2 = [];
      let current = "";
      let inBrackets = false;
      let inQuotes = false;
      let quoteChar = "";
      for (let i = 0; i < path.length; i++) {
        const char = path[i];
        if (!inBrackets && char === ".") {
          if (current) {
            parts2.push(current);
            current = "";
          }
        } else if (char === "[") {
          if (current) {
            parts2.push(current);
            current = "";
          }
          inBrackets = true;
        } else if (char === "]" && inBrackets) {
          parts2.push(current);
          current = "";
          inBrackets = false;
          inQuotes = false;
        } else if ((char === '"' || char === "'") && inBrackets) {
          if (!inQuotes) {
            inQuotes = true;
            quoteChar = char;
          } else if (char === quoteChar) {
            inQuotes = false;
            quoteChar = "";
          } else {
            current += char;
          }
        } else {
          current += char;
        }
      }
      if (current) {
        parts2.push(current);
      }
      return parts2;
    }
    function setValue(obj, parts2, value) {
      let current = obj;
      for (let i = 0; i < parts2.length - 1; i++) {
        const key = parts2[i];
        if (typeof current !== "object" || current === null || !(key in current)) {
          return false;
        }
        if (typeof current[key] !== "object" || current[key] === null) {
          return false;
        }
        current = current[key];
      }
      const lastKey = parts2[parts2.length - 1];
      if (lastKey === "*") {
        if (Array.isArray(current)) {
          for (let i = 0; i < current.length; i++) {
            current[i] = value;
          }
        } else if (typeof current === "object" && current !== null) {
          for (const key in current) {
            if (Object.prototype.hasOwnProperty.call(current, key)) {
              current[key] = value;
            }
          }
        }
      } else {
        if (typeof current === "object" && current !== null && lastKey in current && Object.prototype.hasOwnProperty.call(current, lastKey)) {
          current[lastKey] = value;
        }
      }
      return true;
    }
    function removeKey(obj, parts2) {
      let current = obj;
      for (let i = 0; i < parts2.length - 1; i++) {
        const key = parts2[i];
        if (typeof current !== "object" || current === null || !(key in current)) {
          return false;
        }
        if (typeof current[key] !== "object" || current[key] === null) {
          return false;
        }
        current = current[key];
      }
      const lastKey = parts2[parts2.length - 1];
      if (lastKey === "*") {
        if (Array.isArray(current)) {
          for (let i = 0; i < current.length; i++) {
            current[i] = void 0;
          }
        } else if (typeof current === "object" && current !== null) {
          for (const key in current) {
            if (Object.prototype.hasOwnProperty.call(current, key)) {
              delete current[key];
            }
          }
        }
      } else {
        if (typeof current === "object" && current !== null && lastKey in current && Object.prototype.hasOwnProperty.call(current, lastKey)) {
          delete current[lastKey];
        }
      }
      return true;
    }
    var PATH_NOT_FOUND = /* @__PURE__ */ Symbol("PATH_NOT_FOUND");
    function getValueIfExists(obj, parts2) {
      let current = obj;
      for (const part of parts2) {
        if (current === null || current === void 0) {
          return PATH_NOT_FOUND;
        }
        if (typeof current !== "object" || current === null) {
          return PATH_NOT_FOUND;
        }
        if (!(part in current)) {
          return PATH_NOT_FOUND;
        }
        current = current[part];
      }
      return current;
    }
    function getValue(obj, parts2) {
      let current = obj;
      for (const part of parts2) {
        if (current === null || current === void 0) {
          return void 0;
        }
        if (typeof current !== "object" || current === null) {
          return void 0;
        }
        current = current[part];
      }
      return current;
    }
    function redactPaths(obj, paths, censor, remove = false) {
      for (const path of paths) {
        const parts2 = parsePath(path);
        if (parts2.includes("*")) {
          redactWildcardPath(obj, parts2, censor, path, remove);
        } else {
          if (remove) {
            removeKey(obj, parts2);
          } else {
            const value = getValueIfExists(obj, parts2);
            if (value === PATH_NOT_FOUND) {
              continue;
            }
            const actualCensor = typeof censor === "function" ? censor(value, parts2) : censor;
            setValue(obj, parts2, actualCensor);
          }
        }
      }
    }
    function redactWildcardPath(obj, parts2, censor, originalPath, remove = false) {
      const wildcardIndex = parts2.indexOf("*");
      if (wildcardIndex === parts2.length - 1) {
        const parentParts = parts2.slice(0, -1);
        let current = obj;
        for (const part of parentParts) {
          if (current === null || current === void 0) return;
          if (typeof current !== "object" || current === null) return;
          current = current[part];
        }
        if (Array.isArray(current)) {
          if (remove) {
            for (let i = 0; i < current.length; i++) {
              current[i] = void 0;
            }
          } else {
            for (let i = 0; i < current.length; i++) {
              const indexPath = [...parentParts, i.toString()];
              const actualCensor = typeof censor === "function" ? censor(current[i], indexPath) : censor;
              current[i] = actualCensor;
            }
          }
        } else if (typeof current === "object" && current !== null) {
          if (remove) {
            const keysToDelete = [];
            for (const key in current) {
              if (Object.prototype.hasOwnProperty.call(current, key)) {
                keysToDelete.push(key);
              }
            }
            for (const key of keysToDelete) {
              delete current[key];
            }
          } else {
            for (const key in current) {
              const keyPath = [...parentParts, key];
              const actualCensor = typeof censor === "function" ? censor(current[key], keyPath) : censor;
              current[key] = actualCensor;
            }
          }
        }
      } else {
        redactIntermediateWildcard(obj, parts2, censor, wildcardIndex, originalPath, remove);
      }
    }
    function redactIntermediateWildcard(obj, parts2, censor, wildcardIndex, originalPath, remove = false) {
      const beforeWildcard = parts2.slice(0, wildcardIndex);
      const afterWildcard = parts2.slice(wildcardIndex + 1);
      const pathArray = [];
      function traverse(current, pathLength) {
        if (pathLength === beforeWildcard.length) {
          if (Array.isArray(current)) {
            for (let i = 0; i < current.length; i++) {
              pathArray[pathLength] = i.toString();
              traverse(current[i], pathLength + 1);
            }
          } else if (typeof current === "object" && current !== null) {
            for (const key in current) {
              pathArray[pathLength] = key;
              traverse(current[key], pathLength + 1);
            }
          }
        } else if (pathLength < beforeWildcard.length) {
          const nextKey2 = beforeWildcard[pathLength];
          if (current && typeof current === "object" && current !== null && nextKey2 in current) {
            pathArray[pathLength] = nextKey2;
            traverse(current[nextKey2], pathLength + 1);
          }
        } else {
          if (afterWildcard.includes("*")) {
            const wrappedCensor = typeof censor === "function" ? (value, path) => {
              const fullPath = [...pathArray.slice(0, pathLength), ...path];
              return censor(value, fullPath);
            } : censor;
            redactWildcardPath(current, afterWildcard, wrappedCensor, originalPath, remove);
          } else {
            if (remove) {
              removeKey(current, afterWildcard);
            } else {
              const actualCensor = typeof censor === "function" ? censor(getValue(current, afterWildcard), [...pathArray.slice(0, pathLength), ...afterWildcard]) : censor;
              setValue(current, afterWildcard, actualCensor);
            }
          }
        }
      }
      if (beforeWildcard.length === 0) {
        traverse(obj, 0);
      } else {
        let current = obj;
        for (let i = 0; i < beforeWildcard.length; i++) {
          const part = beforeWildcard[i];
          if (current === null || current === void 0) return;
          if (typeof current !== "object" || current === null) return;
          current = current[part];
          pathArray[i] = part;
        }
        if (current !== null && current !== void 0) {
          traverse(current, beforeWildcard.length);
        }
      }
    }
    function buildPathStructure(pathsToClone) {
      if (pathsToClone.length === 0) {
        return null;
      }
      const pathStructure = /* @__PURE__ */ new Map();
      for (const path of pathsToClone) {
        const parts2 = parsePath(path);
        let current = pathStructure;
        for (let i = 0; i < parts2.length; i++) {
          const part = parts2[i];
          if (!current.has(part)) {
            current.set(part, /* @__PURE__ */ new Map());
          }
          current = current.get(part);
        }
      }
      return pathStructure;
    }
    function selectiveClone(obj, pathStructure) {
      if (!pathStructure) {
        return obj;
      }
      function cloneSelectively(source, pathMap, depth = 0) {
        if (!pathMap || pathMap.size === 0) {
          return source;
        }
        if (source === null || typeof source !== "object") {
          return source;
        }
        if (source instanceof Date) {
          return new Date(source.getTime());
        }
        if (Array.isArray(source)) {
          const cloned2 = [];
          for (let i = 0; i < source.length; i++) {
            const indexStr = i.toString();
            if (pathMap.has(indexStr) || pathMap.has("*")) {
              cloned2[i] = cloneSelectively(source[i], pathMap.get(indexStr) || pathMap.get("*"));
            } else {
              cloned2[i] = source[i];
            }
          }
          return cloned2;
        }
        const cloned = Object.create(Object.getPrototypeOf(source));
        for (const key in source) {
          if (Object.prototype.hasOwnProperty.call(source, key)) {
            if (pathMap.has(key) || pathMap.has("*")) {
              cloned[key] = cloneSelectively(source[key], pathMap.get(key) || pathMap.get("*"));
            } else {
              cloned[key] = source[key];
            }
          }
        }
        return cloned;
      }
      return cloneSelectively(obj, pathStructure);
    }
    function validatePath(path) {
      if (typeof path !== "string") {
        throw new Error("Paths must be (non-empty) strings");
      }
      if (path === "") {
        throw new Error("Invalid redaction path ()");
      }
      if (path.includes("..")) {
        throw new Error(`Invalid redaction path (${path})`);
      }
      if (path.includes(",")) {
        throw new Error(`Invalid redaction path (${path})`);
      }
      let bracketCount = 0;
      let inQuotes = false;
      let quoteChar = "";
      for (let i = 0; i < path.length; i++) {
        const char = path[i];
        if ((char === '"' || char === "'") && bracketCount > 0) {
          if (!inQuotes) {
            inQuotes = true;
            quoteChar = char;
          } else if (char === quoteChar) {
            inQuotes = false;
            quoteChar = "";
          }
        } else if (char === "[" && !inQuotes) {
          bracketCount++;
        } else if (char === "]" && !inQuotes) {
          bracketCount--;
          if (bracketCount < 0) {
            throw new Error(`Invalid redaction path (${path})`);
          }
        }
      }
      if (bracketCount !== 0) {
        throw new Error(`Invalid redaction path (${path})`);
      }
    }
    function validatePaths(paths) {
      if (!Array.isArray(paths)) {
        throw new TypeError("paths must be an array");
      }
      for (const path of paths) {
        validatePath(path);
      }
    }
    function slowRedact(options = {}) {
      const {
        paths = [],
        censor = "[REDACTED]",
        serialize = JSON.stringify,
        strict = true,
        remove = false
      } = options;
      validatePaths(paths);
      const pathStructure = buildPathStructure(paths);
      return function redact(obj) {
        if (strict && (obj === null || typeof obj !== "object")) {
          if (obj === null || obj === void 0) {
            return serialize ? serialize(obj) : obj;
          }
          if (typeof obj !== "object") {
            return serialize ? serialize(obj) : obj;
          }
        }
        const cloned = selectiveClone(obj, pathStructure);
        const original = obj;
        let actualCensor = censor;
        if (typeof censor === "function") {
          actualCensor = censor;
        }
        redactPaths(cloned, paths, actualCensor, remove);
        if (serialize === false) {
          cloned.restore = function() {
            return deepClone(original);
          };
          return cloned;
        }
        if (typeof serialize === "function") {
          return serialize(cloned);
        }
        return JSON.stringify(cloned);
      };
    }
    module.exports = slowRedact;
  }
});

// node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/symbols.js
var require_symbols = __commonJS({
  "node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/symbols.js"(exports, module) {
    "use strict";
    var setLevelSym = /* @__PURE__ */ Symbol("pino.setLevel");
    var getLevelSym = /* @__PURE__ */ Symbol("pino.getLevel");
    var levelValSym = /* @__PURE__ */ Symbol("pino.levelVal");
    var levelCompSym = /* @__PURE__ */ Symbol("pino.levelComp");
    var useLevelLabelsSym = /* @__PURE__ */ Symbol("pino.useLevelLabels");
    var useOnlyCustomLevelsSym = /* @__PURE__ */ Symbol("pino.useOnlyCustomLevels");
    var mixinSym = /* @__PURE__ */ Symbol("pino.mixin");
    var lsCacheSym = /* @__PURE__ */ Symbol("pino.lsCache");
    var chindingsSym = /* @__PURE__ */ Symbol("pino.chindings");
    var asJsonSym = /* @__PURE__ */ Symbol("pino.asJson");
    var writeSym = /* @__PURE__ */ Symbol("pino.write");
    var redactFmtSym = /* @__PURE__ */ Symbol("pino.redactFmt");
    var timeSym = /* @__PURE__ */ Symbol("pino.time");
    var timeSliceIndexSym = /* @__PURE__ */ Symbol("pino.timeSliceIndex");
    var streamSym = /* @__PURE__ */ Symbol("pino.stream");
    var stringifySym = /* @__PURE__ */ Symbol("pino.stringify");
    var stringifySafeSym = /* @__PURE__ */ Symbol("pino.stringifySafe");
    var stringifiersSym = /* @__PURE__ */ Symbol("pino.stringifiers");
    var endSym = /* @__PURE__ */ Symbol("pino.end");
    var formatOptsSym = /* @__PURE__ */ Symbol("pino.formatOpts");
    var messageKeySym = /* @__PURE__ */ Symbol("pino.messageKey");
    var errorKeySym = /* @__PURE__ */ Symbol("pino.errorKey");
    var nestedKeySym = /* @__PURE__ */ Symbol("pino.nestedKey");
    var nestedKeyStrSym = /* @__PURE__ */ Symbol("pino.nestedKeyStr");
    var mixinMergeStrategySym = /* @__PURE__ */ Symbol("pino.mixinMergeStrategy");
    var msgPrefixSym = /* @__PURE__ */ Symbol("pino.msgPrefix");
    var wildcardFirstSym = /* @__PURE__ */ Symbol("pino.wildcardFirst");
    var serializersSym = /* @__PURE__ */ Symbol.for("pino.serializers");
    var formattersSym = /* @__PURE__ */ Symbol.for("pino.formatters");
    var hooksSym = /* @__PURE__ */ Symbol.for("pino.hooks");
    var needsMetadataGsym = /* @__PURE__ */ Symbol.for("pino.metadata");
    var transportUsesMultistreamSym = /* @__PURE__ */ Symbol.for("pino.transport.usesMultistream");
    module.exports = {
      setLevelSym,
      getLevelSym,
      levelValSym,
      levelCompSym,
      useLevelLabelsSym,
      mixinSym,
      lsCacheSym,
      chindingsSym,
      asJsonSym,
      writeSym,
      serializersSym,
      redactFmtSym,
      timeSym,
      timeSliceIndexSym,
      streamSym,
      stringifySym,
      stringifySafeSym,
      stringifiersSym,
      endSym,
      formatOptsSym,
      messageKeySym,
      errorKeySym,
      nestedKeySym,
      wildcardFirstSym,
      needsMetadataGsym,
      useOnlyCustomLevelsSym,
      formattersSym,
      hooksSym,
      nestedKeyStrSym,
      mixinMergeStrategySym,
      msgPrefixSym,
      transportUsesMultistreamSym
    };
  }
});

// node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/redaction.js
var require_redaction = __commonJS({
  "node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/redaction.js"(exports, module) {
    "use strict";
    var Redact = require_redact();
    var { redactFmtSym, wildcardFirstSym } = require_symbols();
    var rx = /[^.[\]]+|\[([^[\]]*?)\]/g;
    var CENSOR = "[Redacted]";
    var strict = false;
    function redaction(opts, serialize) {
      const { paths, censor, remove } = handle(opts);
      const shape = paths.reduce((o, str) => {
        rx.lastIndex = 0;
        const first2 = rx.exec(str);
        const next = rx.exec(str);
        let ns = first2[1] !== void 0 ? first2[1].replace(/^(?:"|'|`)(.*)(?:"|'|`)$/, "$1") : first2[0];
        if (ns === "*") {
          ns = wildcardFirstSym;
        }
        if (next === null) {
          o[ns] = null;
          return o;
        }
        if (o[ns] === null) {
          return o;
        }
        const { index } = next;
        const nextPath = `${str.substr(index, str.length - 1)}`;
        o[ns] = o[ns] || [];
        if (ns !== wildcardFirstSym && o[ns].length === 0) {
          o[ns].push(...o[wildcardFirstSym] || []);
        }
        if (ns === wildcardFirstSym) {
          Object.keys(o).forEach(function(k) {
            if (o[k]) {
              o[k].push(nextPath);
            }
          });
        }
        o[ns].push(nextPath);
        return o;
      }, /* @__PURE__ */ Object.create(null));
      const result = Object.assign(/* @__PURE__ */ Object.create(null), {
        [redactFmtSym]: Redact({ paths, censor, serialize, strict, remove })
      });
      const topCensor = (...args) => {
        return typeof censor === "function" ? serialize(censor(...args)) : serialize(censor);
      };
      return [...Object.keys(shape), ...Object.getOwnPropertySymbols(shape)].reduce((o, k) => {
        if (shape[k] === null) {
          o[k] = (value) => topCensor(value, [k]);
        } else {
          const wrappedCensor = typeof censor === "function" ? (value, path) => {
            return censor(value, [k, ...path]);
          } : censor;
          o[k] = Redact({
            paths: shape[k],
            censor: wrappedCensor,
            serialize,
            strict,
            remove
          });
        }
        return o;
      }, result);
    }
    function handle(opts) {
      if (Array.isArray(opts)) {
        opts = { paths: opts, censor: CENSOR };
        return opts;
      }
      let { paths, censor = CENSOR, remove } = opts;
      if (Array.isArray(paths) === false) {
        throw Error("pino \u2013 redact must contain an array of strings");
      }
      if (remove === true) censor = void 0;
      return { paths, censor, remove };
    }
    module.exports = redaction;
  }
});

// node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/time.js
var require_time = __commonJS({
  "node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/time.js"(exports, module) {
    "use strict";
    var nullTime = () => "";
    var epochTime = () => `,"time":${Date.now()}`;
    var unixTime = () => `,"time":${Math.round(Date.now() / 1e3)}`;
    var isoTime2 = () => `,"time":"${new Date(Date.now()).toISOString()}"`;
    var NS_PER_MS = 1000000n;
    var NS_PER_SEC = 1000000000n;
    var startWallTimeNs = BigInt(Date.now()) * NS_PER_MS;
    var startHrTime = process.hrtime.bigint();
    var isoTimeNano = () => {
      const elapsedNs = process.hrtime.bigint() - startHrTime;
      const currentTimeNs = startWallTimeNs + elapsedNs;
      const secondsSinceEpoch = currentTimeNs / NS_PER_SEC;
      const nanosWithinSecond = currentTimeNs % NS_PER_SEC;
      const msSinceEpoch = Number(secondsSinceEpoch * 1000n + nanosWithinSecond / 1000000n);
      const date = new Date(msSinceEpoch);
      const year = date.getUTCFullYear();
      const month = (date.getUTCMonth() + 1).toString().padStart(2, "0");
      const day = date.getUTCDate().toString().padStart(2, "0");
      const hours = date.getUTCHours().toString().padStart(2, "0");
      const minutes = date.getUTCMinutes().toString().padStart(2, "0");
      const seconds2 = date.getUTCSeconds().toString().padStart(2, "0");
      return `,"time":"${year}-${month}-${day}T${hours}:${minutes}:${seconds2}.${nanosWithinSecond.toString().padStart(9, "0")}Z"`;
    };
    module.exports = { nullTime, epochTime, unixTime, isoTime: isoTime2, isoTimeNano };
  }
});

// node_modules/.pnpm/quick-format-unescaped@4.0.4/node_modules/quick-format-unescaped/index.js
var require_quick_format_unescaped = __commonJS({
  "node_modules/.pnpm/quick-format-unescaped@4.0.4/node_modules/quick-format-unescaped/index.js"(exports, module) {
    "use strict";
    function tryStringify(o) {
      try {
        return JSON.stringify(o);
      } catch (e) {
        return '"[Circular]"';
      }
    }
    module.exports = format;
    function format(f, args, opts) {
      var ss = opts && opts.stringify || tryStringify;
      var offset = 1;
      if (typeof f === "object" && f !== null) {
        var len = args.length + offset;
        if (len === 1) return f;
        var objects = new Array(len);
        objects[0] = ss(f);
        for (var index = 1; index < len; index++) {
          objects[index] = ss(args[index]);
        }
        return objects.join(" ");
      }
      if (typeof f !== "string") {
        return f;
      }
      var argLen = args.length;
      if (argLen === 0) return f;
      var str = "";
      var a = 1 - offset;
      var lastPos = -1;
      var flen = f && f.length || 0;
      for (var i = 0; i < flen; ) {
        if (f.charCodeAt(i) === 37 && i + 1 < flen) {
          lastPos = lastPos > -1 ? lastPos : 0;
          switch (f.charCodeAt(i + 1)) {
            case 100:
            // 'd'
            case 102:
              if (a >= argLen)
                break;
              if (args[a] == null) break;
              if (lastPos < i)
                str += f.slice(lastPos, i);
              str += Number(args[a]);
              lastPos = i + 2;
              i++;
              break;
            case 105:
              if (a >= argLen)
                break;
              if (args[a] == null) break;
              if (lastPos < i)
                str += f.slice(lastPos, i);
              str += Math.floor(Number(args[a]));
              lastPos = i + 2;
              i++;
              break;
            case 79:
            // 'O'
            case 111:
            // 'o'
            case 106:
              if (a >= argLen)
                break;
              if (args[a] === void 0) break;
              if (lastPos < i)
                str += f.slice(lastPos, i);
              var type = typeof args[a];
              if (type === "string") {
                str += "'" + args[a] + "'";
                lastPos = i + 2;
                i++;
                break;
              }
              if (type === "function") {
                str += args[a].name || "<anonymous>";
                lastPos = i + 2;
                i++;
                break;
              }
              str += ss(args[a]);
              lastPos = i + 2;
              i++;
              break;
            case 115:
              if (a >= argLen)
                break;
              if (lastPos < i)
                str += f.slice(lastPos, i);
              str += String(args[a]);
              lastPos = i + 2;
              i++;
              break;
            case 37:
              if (lastPos < i)
                str += f.slice(lastPos, i);
              str += "%";
              lastPos = i + 2;
              i++;
              a--;
              break;
          }
          ++a;
        }
        ++i;
      }
      if (lastPos === -1)
        return f;
      else if (lastPos < flen) {
        str += f.slice(lastPos);
      }
      return str;
    }
  }
});

// node_modules/.pnpm/atomic-sleep@1.0.0/node_modules/atomic-sleep/index.js
var require_atomic_sleep = __commonJS({
  "node_modules/.pnpm/atomic-sleep@1.0.0/node_modules/atomic-sleep/index.js"(exports, module) {
    "use strict";
    if (typeof SharedArrayBuffer !== "undefined" && typeof Atomics !== "undefined") {
      let sleep = function(ms) {
        const valid = ms > 0 && ms < Infinity;
        if (valid === false) {
          if (typeof ms !== "number" && typeof ms !== "bigint") {
            throw TypeError("sleep: ms must be a number");
          }
          throw RangeError("sleep: ms must be a number that is greater than 0 but less than Infinity");
        }
        Atomics.wait(nil, 0, 0, Number(ms));
      };
      const nil = new Int32Array(new SharedArrayBuffer(4));
      module.exports = sleep;
    } else {
      let sleep = function(ms) {
        const valid = ms > 0 && ms < Infinity;
        if (valid === false) {
          if (typeof ms !== "number" && typeof ms !== "bigint") {
            throw TypeError("sleep: ms must be a number");
          }
          throw RangeError("sleep: ms must be a number that is greater than 0 but less than Infinity");
        }
        const target2 = Date.now() + Number(ms);
        while (target2 > Date.now()) {
        }
      };
      module.exports = sleep;
    }
  }
});

// node_modules/.pnpm/sonic-boom@4.2.1/node_modules/sonic-boom/index.js
var require_sonic_boom = __commonJS({
  "node_modules/.pnpm/sonic-boom@4.2.1/node_modules/sonic-boom/index.js"(exports, module) {
    "use strict";
    var fs = __require("fs");
    var EventEmitter = __require("events");
    var inherits = __require("util").inherits;
    var path = __require("path");
    var sleep = require_atomic_sleep();
    var assert = __require("assert");
    var BUSY_WRITE_TIMEOUT = 100;
    var kEmptyBuffer = Buffer.allocUnsafe(0);
    var MAX_WRITE = 16 * 1024;
    var kContentModeBuffer = "buffer";
    var kContentModeUtf8 = "utf8";
    var [major2, minor] = (process.versions.node || "0.0").split(".").map(Number);
    var kCopyBuffer = major2 >= 22 && minor >= 7;
    function openFile(file, sonic) {
      sonic._opening = true;
      sonic._writing = true;
      sonic._asyncDrainScheduled = false;
      function fileOpened(err, fd) {
        if (err) {
          sonic._reopening = false;
          sonic._writing = false;
          sonic._opening = false;
          if (sonic.sync) {
            process.nextTick(() => {
              if (sonic.listenerCount("error") > 0) {
                sonic.emit("error", err);
              }
            });
          } else {
            sonic.emit("error", err);
          }
          return;
        }
        const reopening = sonic._reopening;
        sonic.fd = fd;
        sonic.file = file;
        sonic._reopening = false;
        sonic._opening = false;
        sonic._writing = false;
        if (sonic.sync) {
          process.nextTick(() => sonic.emit("ready"));
        } else {
          sonic.emit("ready");
        }
        if (sonic.destroyed) {
          return;
        }
        if (!sonic._writing && sonic._len > sonic.minLength || sonic._flushPending) {
          sonic._actualWrite();
        } else if (reopening) {
          process.nextTick(() => sonic.emit("drain"));
        }
      }
      const flags = sonic.append ? "a" : "w";
      const mode = sonic.mode;
      if (sonic.sync) {
        try {
          if (sonic.mkdir) fs.mkdirSync(path.dirname(file), { recursive: true });
          const fd = fs.openSync(file, flags, mode);
          fileOpened(null, fd);
        } catch (err) {
          fileOpened(err);
          throw err;
        }
      } else if (sonic.mkdir) {
        fs.mkdir(path.dirname(file), { recursive: true }, (err) => {
          if (err) return fileOpened(err);
          fs.open(file, flags, mode, fileOpened);
        });
      } else {
        fs.open(file, flags, mode, fileOpened);
      }
    }
    function SonicBoom(opts) {
      if (!(this instanceof SonicBoom)) {
        return new SonicBoom(opts);
      }
      let { fd, dest, minLength, maxLength, maxWrite, periodicFlush, sync, append = true, mkdir, retryEAGAIN, fsync, contentMode, mode } = opts || {};
      fd = fd || dest;
      this._len = 0;
      this.fd = -1;
      this._bufs = [];
      this._lens = [];
      this._writing = false;
      this._ending = false;
      this._reopening = false;
      this._asyncDrainScheduled = false;
      this._flushPending = false;
      this._hwm = Math.max(minLength || 0, 16387);
      this.file = null;
      this.destroyed = false;
      this.minLength = minLength || 0;
      this.maxLength = maxLength || 0;
      this.maxWrite = maxWrite || MAX_WRITE;
      this._periodicFlush = periodicFlush || 0;
      this._periodicFlushTimer = void 0;
      this.sync = sync || false;
      this.writable = true;
      this._fsync = fsync || false;
      this.append = append || false;
      this.mode = mode;
      this.retryEAGAIN = retryEAGAIN || (() => true);
      this.mkdir = mkdir || false;
      let fsWriteSync;
      let fsWrite;
      if (contentMode === kContentModeBuffer) {
        this._writingBuf = kEmptyBuffer;
        this.write = writeBuffer2;
        this.flush = flushBuffer;
        this.flushSync = flushBufferSync;
        this._actualWrite = actualWriteBuffer;
        fsWriteSync = () => fs.writeSync(this.fd, this._writingBuf);
        fsWrite = () => fs.write(this.fd, this._writingBuf, this.release);
      } else if (contentMode === void 0 || contentMode === kContentModeUtf8) {
        this._writingBuf = "";
        this.write = write;
        this.flush = flush;
        this.flushSync = flushSync;
        this._actualWrite = actualWrite;
        fsWriteSync = () => {
          if (Buffer.isBuffer(this._writingBuf)) {
            return fs.writeSync(this.fd, this._writingBuf);
          }
          return fs.writeSync(this.fd, this._writingBuf, "utf8");
        };
        fsWrite = () => {
          if (Buffer.isBuffer(this._writingBuf)) {
            return fs.write(this.fd, this._writingBuf, this.release);
          }
          return fs.write(this.fd, this._writingBuf, "utf8", this.release);
        };
      } else {
        throw new Error(`SonicBoom supports "${kContentModeUtf8}" and "${kContentModeBuffer}", but passed ${contentMode}`);
      }
      if (typeof fd === "number") {
        this.fd = fd;
        process.nextTick(() => this.emit("ready"));
      } else if (typeof fd === "string") {
        openFile(fd, this);
      } else {
        throw new Error("SonicBoom supports only file descriptors and files");
      }
      if (this.minLength >= this.maxWrite) {
        throw new Error(`minLength should be smaller than maxWrite (${this.maxWrite})`);
      }
      this.release = (err, n) => {
        if (err) {
          if ((err.code === "EAGAIN" || err.code === "EBUSY") && this.retryEAGAIN(err, this._writingBuf.length, this._len - this._writingBuf.length)) {
            if (this.sync) {
              try {
                sleep(BUSY_WRITE_TIMEOUT);
                this.release(void 0, 0);
              } catch (err2) {
                this.release(err2);
              }
            } else {
              setTimeout(fsWrite, BUSY_WRITE_TIMEOUT);
            }
          } else {
            this._writing = false;
            this.emit("error", err);
          }
          return;
        }
        this.emit("write", n);
        const releasedBufObj = releaseWritingBuf(this._writingBuf, this._len, n);
        this._len = releasedBufObj.len;
        this._writingBuf = releasedBufObj.writingBuf;
        if (this._writingBuf.length) {
          if (!this.sync) {
            fsWrite();
            return;
          }
          try {
            do {
              const n2 = fsWriteSync();
              const releasedBufObj2 = releaseWritingBuf(this._writingBuf, this._len, n2);
              this._len = releasedBufObj2.len;
              this._writingBuf = releasedBufObj2.writingBuf;
            } while (this._writingBuf.length);
          } catch (err2) {
            this.release(err2);
            return;
          }
        }
        if (this._fsync) {
          fs.fsyncSync(this.fd);
        }
        const len = this._len;
        if (this._reopening) {
          this._writing = false;
          this._reopening = false;
          this.reopen();
        } else if (len > this.minLength) {
          this._actualWrite();
        } else if (this._ending) {
          if (len > 0) {
            this._actualWrite();
          } else {
            this._writing = false;
            actualClose(this);
          }
        } else {
          this._writing = false;
          if (this.sync) {
            if (!this._asyncDrainScheduled) {
              this._asyncDrainScheduled = true;
              process.nextTick(emitDrain, this);
            }
          } else {
            this.emit("drain");
          }
        }
      };
      this.on("newListener", function(name) {
        if (name === "drain") {
          this._asyncDrainScheduled = false;
        }
      });
      if (this._periodicFlush !== 0) {
        this._periodicFlushTimer = setInterval(() => this.flush(null), this._periodicFlush);
        this._periodicFlushTimer.unref();
      }
    }
    function releaseWritingBuf(writingBuf, len, n) {
      if (typeof writingBuf === "string") {
        writingBuf = Buffer.from(writingBuf);
      }
      len = Math.max(len - n, 0);
      writingBuf = writingBuf.subarray(n);
      return { writingBuf, len };
    }
    function emitDrain(sonic) {
      const hasListeners = sonic.listenerCount("drain") > 0;
      if (!hasListeners) return;
      sonic._asyncDrainScheduled = false;
      sonic.emit("drain");
    }
    inherits(SonicBoom, EventEmitter);
    function mergeBuf(bufs, len) {
      if (bufs.length === 0) {
        return kEmptyBuffer;
      }
      if (bufs.length === 1) {
        return bufs[0];
      }
      return Buffer.concat(bufs, len);
    }
    function write(data) {
      if (this.destroyed) {
        throw new Error("SonicBoom destroyed");
      }
      data = "" + data;
      const dataLen = Buffer.byteLength(data);
      const len = this._len + dataLen;
      const bufs = this._bufs;
      if (this.maxLength && len > this.maxLength) {
        this.emit("drop", data);
        return this._len < this._hwm;
      }
      if (bufs.length === 0 || Buffer.byteLength(bufs[bufs.length - 1]) + dataLen > this.maxWrite) {
        bufs.push(data);
      } else {
        bufs[bufs.length - 1] += data;
      }
      this._len = len;
      if (!this._writing && this._len >= this.minLength) {
        this._actualWrite();
      }
      return this._len < this._hwm;
    }
    function writeBuffer2(data) {
      if (this.destroyed) {
        throw new Error("SonicBoom destroyed");
      }
      const len = this._len + data.length;
      const bufs = this._bufs;
      const lens = this._lens;
      if (this.maxLength && len > this.maxLength) {
        this.emit("drop", data);
        return this._len < this._hwm;
      }
      if (bufs.length === 0 || lens[lens.length - 1] + data.length > this.maxWrite) {
        bufs.push([data]);
        lens.push(data.length);
      } else {
        bufs[bufs.length - 1].push(data);
        lens[lens.length - 1] += data.length;
      }
      this._len = len;
      if (!this._writing && this._len >= this.minLength) {
        this._actualWrite();
      }
      return this._len < this._hwm;
    }
    function callFlushCallbackOnDrain(cb) {
      this._flushPending = true;
      const onDrain = () => {
        if (!this._fsync) {
          try {
            fs.fsync(this.fd, (err) => {
              this._flushPending = false;
              cb(err);
            });
          } catch (err) {
            cb(err);
          }
        } else {
          this._flushPending = false;
          cb();
        }
        this.off("error", onError);
      };
      const onError = (err) => {
        this._flushPending = false;
        cb(err);
        this.off("drain", onDrain);
      };
      this.once("drain", onDrain);
      this.once("error", onError);
    }
    function flush(cb) {
      if (cb != null && typeof cb !== "function") {
        throw new Error("flush cb must be a function");
      }
      if (this.destroyed) {
        const error = new Error("SonicBoom destroyed");
        if (cb) {
          cb(error);
          return;
        }
        throw error;
      }
      if (this.minLength <= 0) {
        cb?.();
        return;
      }
      if (cb) {
        callFlushCallbackOnDrain.call(this, cb);
      }
      if (this._writing) {
        return;
      }
      if (this._bufs.length === 0) {
        this._bufs.push("");
      }
      this._actualWrite();
    }
    function flushBuffer(cb) {
      if (cb != null && typeof cb !== "function") {
        throw new Error("flush cb must be a function");
      }
      if (this.destroyed) {
        const error = new Error("SonicBoom destroyed");
        if (cb) {
          cb(error);
          return;
        }
        throw error;
      }
      if (this.minLength <= 0) {
        cb?.();
        return;
      }
      if (cb) {
        callFlushCallbackOnDrain.call(this, cb);
      }
      if (this._writing) {
        return;
      }
      if (this._bufs.length === 0) {
        this._bufs.push([]);
        this._lens.push(0);
      }
      this._actualWrite();
    }
    SonicBoom.prototype.reopen = function(file) {
      if (this.destroyed) {
        throw new Error("SonicBoom destroyed");
      }
      if (this._opening) {
        this.once("ready", () => {
          this.reopen(file);
        });
        return;
      }
      if (this._ending) {
        return;
      }
      if (!this.file) {
        throw new Error("Unable to reopen a file descriptor, you must pass a file to SonicBoom");
      }
      if (file) {
        this.file = file;
      }
      this._reopening = true;
      if (this._writing) {
        return;
      }
      const fd = this.fd;
      this.once("ready", () => {
        if (fd !== this.fd) {
          fs.close(fd, (err) => {
            if (err) {
              return this.emit("error", err);
            }
          });
        }
      });
      openFile(this.file, this);
    };
    SonicBoom.prototype.end = function() {
      if (this.destroyed) {
        throw new Error("SonicBoom destroyed");
      }
      if (this._opening) {
        this.once("ready", () => {
          this.end();
        });
        return;
      }
      if (this._ending) {
        return;
      }
      this._ending = true;
      if (this._writing) {
        return;
      }
      if (this._len > 0 && this.fd >= 0) {
        this._actualWrite();
      } else {
        actualClose(this);
      }
    };
    function flushSync() {
      if (this.destroyed) {
        throw new Error("SonicBoom destroyed");
      }
      if (this.fd < 0) {
        throw new Error("sonic boom is not ready yet");
      }
      if (!this._writing && this._writingBuf.length > 0) {
        this._bufs.unshift(this._writingBuf);
        this._writingBuf = "";
      }
      let buf = "";
      while (this._bufs.length || buf.length) {
        if (buf.length <= 0) {
          buf = this._bufs[0];
        }
        try {
          const n = Buffer.isBuffer(buf) ? fs.writeSync(this.fd, buf) : fs.writeSync(this.fd, buf, "utf8");
          const releasedBufObj = releaseWritingBuf(buf, this._len, n);
          buf = releasedBufObj.writingBuf;
          this._len = releasedBufObj.len;
          if (buf.length <= 0) {
            this._bufs.shift();
          }
        } catch (err) {
          const shouldRetry = err.code === "EAGAIN" || err.code === "EBUSY";
          if (shouldRetry && !this.retryEAGAIN(err, buf.length, this._len - buf.length)) {
            throw err;
          }
          sleep(BUSY_WRITE_TIMEOUT);
        }
      }
      try {
        fs.fsyncSync(this.fd);
      } catch {
      }
    }
    function flushBufferSync() {
      if (this.destroyed) {
        throw new Error("SonicBoom destroyed");
      }
      if (this.fd < 0) {
        throw new Error("sonic boom is not ready yet");
      }
      if (!this._writing && this._writingBuf.length > 0) {
        this._bufs.unshift([this._writingBuf]);
        this._writingBuf = kEmptyBuffer;
      }
      let buf = kEmptyBuffer;
      while (this._bufs.length || buf.length) {
        if (buf.length <= 0) {
          buf = mergeBuf(this._bufs[0], this._lens[0]);
        }
        try {
          const n = fs.writeSync(this.fd, buf);
          buf = buf.subarray(n);
          this._len = Math.max(this._len - n, 0);
          if (buf.length <= 0) {
            this._bufs.shift();
            this._lens.shift();
          }
        } catch (err) {
          const shouldRetry = err.code === "EAGAIN" || err.code === "EBUSY";
          if (shouldRetry && !this.retryEAGAIN(err, buf.length, this._len - buf.length)) {
            throw err;
          }
          sleep(BUSY_WRITE_TIMEOUT);
        }
      }
    }
    SonicBoom.prototype.destroy = function() {
      if (this.destroyed) {
        return;
      }
      actualClose(this);
    };
    function actualWrite() {
      const release = this.release;
      this._writing = true;
      this._writingBuf = this._writingBuf.length ? this._writingBuf : this._bufs.shift() || "";
      if (this.sync) {
        try {
          const written = Buffer.isBuffer(this._writingBuf) ? fs.writeSync(this.fd, this._writingBuf) : fs.writeSync(this.fd, this._writingBuf, "utf8");
          release(null, written);
        } catch (err) {
          release(err);
        }
      } else {
        fs.write(this.fd, this._writingBuf, release);
      }
    }
    function actualWriteBuffer() {
      const release = this.release;
      this._writing = true;
      this._writingBuf = this._writingBuf.length ? this._writingBuf : mergeBuf(this._bufs.shift(), this._lens.shift());
      if (this.sync) {
        try {
          const written = fs.writeSync(this.fd, this._writingBuf);
          release(null, written);
        } catch (err) {
          release(err);
        }
      } else {
        if (kCopyBuffer) {
          this._writingBuf = Buffer.from(this._writingBuf);
        }
        fs.write(this.fd, this._writingBuf, release);
      }
    }
    function actualClose(sonic) {
      if (sonic.fd === -1) {
        sonic.once("ready", actualClose.bind(null, sonic));
        return;
      }
      if (sonic._periodicFlushTimer !== void 0) {
        clearInterval(sonic._periodicFlushTimer);
      }
      sonic.destroyed = true;
      sonic._bufs = [];
      sonic._lens = [];
      assert(typeof sonic.fd === "number", `sonic.fd must be a number, got ${typeof sonic.fd}`);
      try {
        fs.fsync(sonic.fd, closeWrapped);
      } catch {
      }
      function closeWrapped() {
        if (sonic.fd !== 1 && sonic.fd !== 2) {
          fs.close(sonic.fd, done);
        } else {
          done();
        }
      }
      function done(err) {
        if (err) {
          sonic.emit("error", err);
          return;
        }
        if (sonic._ending && !sonic._writing) {
          sonic.emit("finish");
        }
        sonic.emit("close");
      }
    }
    SonicBoom.SonicBoom = SonicBoom;
    SonicBoom.default = SonicBoom;
    module.exports = SonicBoom;
  }
});

// node_modules/.pnpm/on-exit-leak-free@2.1.2/node_modules/on-exit-leak-free/index.js
var require_on_exit_leak_free = __commonJS({
  "node_modules/.pnpm/on-exit-leak-free@2.1.2/node_modules/on-exit-leak-free/index.js"(exports, module) {
    "use strict";
    var refs = {
      exit: [],
      beforeExit: []
    };
    var functions = {
      exit: onExit,
      beforeExit: onBeforeExit
    };
    var registry;
    function ensureRegistry() {
      if (registry === void 0) {
        registry = new FinalizationRegistry(clear);
      }
    }
    function install(event) {
      if (refs[event].length > 0) {
        return;
      }
      process.on(event, functions[event]);
    }
    function uninstall(event) {
      if (refs[event].length > 0) {
        return;
      }
      process.removeListener(event, functions[event]);
      if (refs.exit.length === 0 && refs.beforeExit.length === 0) {
        registry = void 0;
      }
    }
    function onExit() {
      callRefs("exit");
    }
    function onBeforeExit() {
      callRefs("beforeExit");
    }
    function callRefs(event) {
      for (const ref of refs[event]) {
        const obj = ref.deref();
        const fn = ref.fn;
        if (obj !== void 0) {
          fn(obj, event);
        }
      }
      refs[event] = [];
    }
    function clear(ref) {
      for (const event of ["exit", "beforeExit"]) {
        const index = refs[event].indexOf(ref);
        refs[event].splice(index, index + 1);
        uninstall(event);
      }
    }
    function _register(event, obj, fn) {
      if (obj === void 0) {
        throw new Error("the object can't be undefined");
      }
      install(event);
      const ref = new WeakRef(obj);
      ref.fn = fn;
      ensureRegistry();
      registry.register(obj, ref);
      refs[event].push(ref);
    }
    function register(obj, fn) {
      _register("exit", obj, fn);
    }
    function registerBeforeExit(obj, fn) {
      _register("beforeExit", obj, fn);
    }
    function unregister(obj) {
      if (registry === void 0) {
        return;
      }
      registry.unregister(obj);
      for (const event of ["exit", "beforeExit"]) {
        refs[event] = refs[event].filter((ref) => {
          const _obj = ref.deref();
          return _obj && _obj !== obj;
        });
        uninstall(event);
      }
    }
    module.exports = {
      register,
      registerBeforeExit,
      unregister
    };
  }
});

// node_modules/.pnpm/thread-stream@4.2.1/node_modules/thread-stream/package.json
var require_package = __commonJS({
  "node_modules/.pnpm/thread-stream@4.2.1/node_modules/thread-stream/package.json"(exports, module) {
    module.exports = {
      name: "thread-stream",
      version: "4.2.1",
      description: "A streaming way to send data to a Node.js Worker Thread",
      main: "index.js",
      types: "index.d.ts",
      engines: {
        node: ">=20"
      },
      dependencies: {
        "real-require": "^1.0.0"
      },
      devDependencies: {
        "@types/node": "^26.1.1",
        "@yao-pkg/pkg": "^6.0.0",
        borp: "^1.0.0",
        desm: "^1.3.0",
        eslint: "^9.39.1",
        fastbench: "^1.0.1",
        neostandard: "^0.13.0",
        "pino-elasticsearch": "^9.0.0",
        "sonic-boom": "^5.0.0",
        "ts-node": "^10.8.0",
        tsd: "^0.33.0",
        typescript: "~5.7.3"
      },
      scripts: {
        build: "tsc --noEmit",
        lint: "eslint",
        test: 'npm run lint && npm run build && npm run test:types && npm run transpile && borp --expose-gc --pattern "test/*.test.{js,mjs}"',
        "test:ci": 'npm run lint && npm run test:types && npm run transpile && borp --expose-gc --pattern "test/*.test.{js,mjs}"',
        "test:types": "tsd",
        "test:yarn": 'npm run transpile && borp --expose-gc --pattern "test/*.test.js"',
        transpile: "sh ./test/ts/transpile.sh"
      },
      tsd: {
        directory: "test/types"
      },
      repository: {
        type: "git",
        url: "git+https://github.com/mcollina/thread-stream.git"
      },
      keywords: [
        "worker",
        "thread",
        "threads",
        "stream"
      ],
      author: "Matteo Collina <hello@matteocollina.com>",
      license: "MIT",
      bugs: {
        url: "https://github.com/mcollina/thread-stream/issues"
      },
      homepage: "https://github.com/mcollina/thread-stream#readme"
    };
  }
});

// node_modules/.pnpm/thread-stream@4.2.1/node_modules/thread-stream/lib/wait.js
var require_wait = __commonJS({
  "node_modules/.pnpm/thread-stream@4.2.1/node_modules/thread-stream/lib/wait.js"(exports, module) {
    "use strict";
    var WAIT_MS = 1e4;
    function wait(state, index, expected, timeout, done) {
      const max = timeout === Infinity ? Infinity : Date.now() + timeout;
      const check = (previous) => {
        const current = Atomics.load(state, index);
        if (current >= expected) {
          done(null, "ok");
          return;
        }
        if (previous !== void 0 && current !== previous) {
          done(null, "not-equal");
          return;
        }
        if (max !== Infinity && Date.now() > max) {
          done(null, "timed-out");
          return;
        }
        const remaining = max === Infinity ? WAIT_MS : Math.min(WAIT_MS, Math.max(1, max - Date.now()));
        const result = Atomics.waitAsync(state, index, current, remaining);
        if (result.async) {
          result.value.then((res) => {
            if (res === "ok") {
              const latest = Atomics.load(state, index);
              done(null, latest >= expected ? "ok" : "not-equal");
              return;
            }
            check(current);
          });
        } else {
          setImmediate(done, null, "not-equal");
        }
      };
      check();
    }
    function waitDiff(state, index, expected, timeout, done) {
      const max = timeout === Infinity ? Infinity : Date.now() + timeout;
      const check = () => {
        const current = Atomics.load(state, index);
        if (current !== expected) {
          done(null, "ok");
          return;
        }
        if (max !== Infinity && Date.now() > max) {
          done(null, "timed-out");
          return;
        }
        const remaining = max === Infinity ? WAIT_MS : Math.min(WAIT_MS, Math.max(1, max - Date.now()));
        const result = Atomics.waitAsync(state, index, expected, remaining);
        if (result.async) {
          result.value.then((res) => {
            if (res === "ok") {
              done(null, "ok");
              return;
            }
            check();
          });
        } else {
          setImmediate(check);
        }
      };
      check();
    }
    module.exports = { wait, waitDiff };
  }
});

// node_modules/.pnpm/thread-stream@4.2.1/node_modules/thread-stream/lib/indexes.js
var require_indexes = __commonJS({
  "node_modules/.pnpm/thread-stream@4.2.1/node_modules/thread-stream/lib/indexes.js"(exports, module) {
    "use strict";
    var SEQ_INDEX = 2;
    var WRITE_INDEX = 4;
    var READ_INDEX = 8;
    module.exports = {
      WRITE_INDEX,
      READ_INDEX,
      SEQ_INDEX
    };
  }
});

// node_modules/.pnpm/thread-stream@4.2.1/node_modules/thread-stream/index.js
var require_thread_stream = __commonJS({
  "node_modules/.pnpm/thread-stream@4.2.1/node_modules/thread-stream/index.js"(exports, module) {
    "use strict";
    var { version } = require_package();
    var { EventEmitter } = __require("events");
    var { Worker } = __require("worker_threads");
    var { join: join3 } = __require("path");
    var { pathToFileURL } = __require("url");
    var { wait } = require_wait();
    var {
      WRITE_INDEX,
      READ_INDEX,
      SEQ_INDEX
    } = require_indexes();
    var buffer = __require("buffer");
    var assert = __require("assert");
    var kImpl = /* @__PURE__ */ Symbol("kImpl");
    var MAX_STRING = buffer.constants.MAX_STRING_LENGTH;
    function noop() {
    }
    function updateState(stream, fn) {
      Atomics.add(stream[kImpl].state, SEQ_INDEX, 1);
      fn();
      Atomics.add(stream[kImpl].state, SEQ_INDEX, 1);
      Atomics.notify(stream[kImpl].state, SEQ_INDEX);
    }
    function resetIndexes(stream) {
      updateState(stream, () => {
        Atomics.store(stream[kImpl].state, READ_INDEX, 0);
        Atomics.store(stream[kImpl].state, WRITE_INDEX, 0);
      });
      Atomics.notify(stream[kImpl].state, READ_INDEX);
    }
    var FakeWeakRef = class {
      constructor(value) {
        this._value = value;
      }
      deref() {
        return this._value;
      }
    };
    var FakeFinalizationRegistry = class {
      register() {
      }
      unregister() {
      }
    };
    var FinalizationRegistry2 = process.env.NODE_V8_COVERAGE ? FakeFinalizationRegistry : global.FinalizationRegistry || FakeFinalizationRegistry;
    var WeakRef2 = process.env.NODE_V8_COVERAGE ? FakeWeakRef : global.WeakRef || FakeWeakRef;
    var registry = new FinalizationRegistry2((worker) => {
      if (worker.exited) {
        return;
      }
      worker.terminate();
    });
    function createWorker(stream, opts) {
      const { filename, workerData } = opts;
      const bundlerOverrides = "__bundlerPathsOverrides" in globalThis ? globalThis.__bundlerPathsOverrides : {};
      const toExecute = bundlerOverrides["thread-stream-worker"] || join3(__dirname, "lib", "worker.js");
      const worker = new Worker(toExecute, {
        ...opts.workerOpts,
        name: opts.workerOpts?.name || "thread-stream",
        trackUnmanagedFds: false,
        workerData: {
          filename: filename.indexOf("file://") === 0 ? filename : pathToFileURL(filename).href,
          dataBuf: stream[kImpl].dataBuf,
          stateBuf: stream[kImpl].stateBuf,
          workerData: {
            $context: {
              threadStreamVersion: version
            },
            ...workerData
          }
        }
      });
      worker.stream = new FakeWeakRef(stream);
      worker.on("message", onWorkerMessage);
      worker.on("exit", onWorkerExit);
      registry.register(stream, worker);
      return worker;
    }
    function drain(stream) {
      assert(!stream[kImpl].sync);
      if (stream[kImpl].needDrain) {
        stream[kImpl].needDrain = false;
        stream.emit("drain");
      }
    }
    function nextFlush(stream) {
      while (true) {
        const writeIndex = Atomics.load(stream[kImpl].state, WRITE_INDEX);
        if (stream.destroyed || writeIndex < 0) {
          return;
        }
        const leftover = stream[kImpl].data.length - writeIndex;
        if (leftover > 0) {
          if (stream[kImpl].bufLen === 0) {
            stream[kImpl].flushing = false;
            if (stream[kImpl].ending) {
              end2(stream);
            } else if (stream[kImpl].needDrain) {
              process.nextTick(drain, stream);
            }
            return;
          }
          write(stream, leftover, noop);
          continue;
        }
        if (leftover === 0) {
          if (writeIndex === 0 && stream[kImpl].bufLen === 0) {
            return;
          }
          waitForRead(stream, () => {
            if (stream.destroyed) {
              return;
            }
            resetIndexes(stream);
            nextFlush(stream);
          });
          return;
        }
        destroy(stream, new Error("overwritten"));
        return;
      }
    }
    function onWorkerMessage(msg) {
      const stream = this.stream.deref();
      if (stream === void 0) {
        this.exited = true;
        this.terminate();
        return;
      }
      if (msg?.code == null) {
        return;
      }
      switch (msg.code) {
        case "READY":
          if (!stream[kImpl].ending) {
            this.stream = new WeakRef2(stream);
          }
          waitForRead(stream, () => {
            stream[kImpl].ready = true;
            stream.emit("ready");
          });
          break;
        case "ERROR":
          destroy(stream, msg.err);
          break;
        case "EVENT":
          if (Array.isArray(msg.args)) {
            stream.emit(msg.name, ...msg.args);
          } else {
            stream.emit(msg.name, msg.args);
          }
          break;
        case "FLUSHED": {
          if (msg.context !== "thread-stream") {
            destroy(stream, new Error("this should not happen: " + msg.code));
            break;
          }
          const cb = stream[kImpl].flushCallbacks.get(msg.id);
          if (cb) {
            stream[kImpl].flushCallbacks.delete(msg.id);
            process.nextTick(cb);
          }
          break;
        }
        case "WARNING":
          process.emitWarning(msg.err);
          break;
        default:
          destroy(stream, new Error("this should not happen: " + msg.code));
      }
    }
    function onWorkerExit(code) {
      const stream = this.stream.deref();
      if (stream === void 0) {
        return;
      }
      registry.unregister(stream);
      stream.worker.exited = true;
      stream.worker.off("exit", onWorkerExit);
      destroy(stream, code !== 0 ? new Error("the worker thread exited") : null);
    }
    var ThreadStream = class extends EventEmitter {
      constructor(opts = {}) {
        super();
        if (opts.bufferSize < 4) {
          throw new Error("bufferSize must at least fit a 4-byte utf-8 char");
        }
        this[kImpl] = {};
        this[kImpl].stateBuf = new SharedArrayBuffer(128);
        this[kImpl].state = new Int32Array(this[kImpl].stateBuf);
        this[kImpl].dataBuf = new SharedArrayBuffer(opts.bufferSize || 4 * 1024 * 1024);
        this[kImpl].data = Buffer.from(this[kImpl].dataBuf);
        this[kImpl].sync = opts.sync || false;
        this[kImpl].ending = false;
        this[kImpl].ended = false;
        this[kImpl].needDrain = false;
        this[kImpl].destroyed = false;
        this[kImpl].flushing = false;
        this[kImpl].ready = false;
        this[kImpl].finished = false;
        this[kImpl].errored = null;
        this[kImpl].closed = false;
        this[kImpl].buf = [];
        this[kImpl].bufHead = 0;
        this[kImpl].bufLen = 0;
        this[kImpl].flushCallbacks = /* @__PURE__ */ new Map();
        this[kImpl].nextFlushId = 0;
        this[kImpl].flushRetainCount = 0;
        this[kImpl].userRef = true;
        this.worker = createWorker(this, opts);
        this.on("message", (message2, transferList) => {
          this.worker.postMessage(message2, transferList);
        });
      }
      write(data) {
        const dataBuf = Buffer.isBuffer(data) ? data : Buffer.from(data);
        if (this[kImpl].destroyed) {
          error(this, new Error("the worker has exited"));
          return false;
        }
        if (this[kImpl].ending) {
          error(this, new Error("the worker is ending"));
          return false;
        }
        if (this[kImpl].flushing && this[kImpl].bufLen + dataBuf.length >= MAX_STRING) {
          try {
            writeSync(this);
            this[kImpl].flushing = true;
          } catch (err) {
            destroy(this, err);
            return false;
          }
        }
        this[kImpl].buf.push(dataBuf);
        this[kImpl].bufLen += dataBuf.length;
        if (this[kImpl].sync) {
          try {
            writeSync(this);
            return true;
          } catch (err) {
            destroy(this, err);
            return false;
          }
        }
        if (!this[kImpl].flushing) {
          this[kImpl].flushing = true;
          setImmediate(nextFlush, this);
        }
        this[kImpl].needDrain = this[kImpl].data.length - this[kImpl].bufLen - Atomics.load(this[kImpl].state, WRITE_INDEX) <= 0;
        return !this[kImpl].needDrain;
      }
      end() {
        if (this[kImpl].destroyed) {
          return;
        }
        this[kImpl].ending = true;
        this.worker.stream = new FakeWeakRef(this);
        end2(this);
      }
      flush(cb) {
        const userCb = typeof cb === "function" ? cb : null;
        cb = userCb || noop;
        if (userCb) {
          retainWorkerForPendingFlush(this);
        }
        let finished = false;
        const done = (err) => {
          if (finished) {
            return;
          }
          finished = true;
          if (userCb) {
            releaseWorkerForPendingFlush(this);
          }
          cb(err);
        };
        flushBuffer(this, (err) => {
          if (err) {
            process.nextTick(done, err);
            return;
          }
          requestWorkerFlush(this, done);
        });
      }
      flushSync() {
        if (this[kImpl].destroyed) {
          return;
        }
        writeSync(this);
        flushSync(this);
      }
      unref() {
        this[kImpl].userRef = false;
        if (this[kImpl].flushRetainCount === 0) {
          this.worker.unref();
        }
      }
      ref() {
        this[kImpl].userRef = true;
        this.worker.ref();
      }
      get ready() {
        return this[kImpl].ready;
      }
      get destroyed() {
        return this[kImpl].destroyed;
      }
      get closed() {
        return this[kImpl].closed;
      }
      get writable() {
        return !this[kImpl].destroyed && !this[kImpl].ending;
      }
      get writableEnded() {
        return this[kImpl].ending;
      }
      get writableFinished() {
        return this[kImpl].finished;
      }
      get writableNeedDrain() {
        return this[kImpl].needDrain;
      }
      get writableObjectMode() {
        return false;
      }
      get writableErrored() {
        return this[kImpl].errored;
      }
    };
    function flushBuffer(stream, cb) {
      if (stream[kImpl].destroyed) {
        process.nextTick(cb, new Error("the worker has exited"));
        return;
      }
      if (!stream[kImpl].sync && (stream[kImpl].flushing || stream[kImpl].bufLen > 0)) {
        setImmediate(flushBuffer, stream, cb);
        return;
      }
      waitForRead(stream, cb);
    }
    function waitForRead(stream, cb) {
      const writeIndex = Atomics.load(stream[kImpl].state, WRITE_INDEX);
      wait(stream[kImpl].state, READ_INDEX, writeIndex, Infinity, (err, res) => {
        if (err) {
          destroy(stream, err);
          cb(err);
          return;
        }
        if (res !== "ok") {
          waitForRead(stream, cb);
          return;
        }
        cb();
      });
    }
    function retainWorkerForPendingFlush(stream) {
      if (stream[kImpl].flushRetainCount === 0) {
        stream.worker.ref();
      }
      stream[kImpl].flushRetainCount++;
    }
    function releaseWorkerForPendingFlush(stream) {
      if (stream[kImpl].flushRetainCount === 0) {
        return;
      }
      stream[kImpl].flushRetainCount--;
      if (stream[kImpl].flushRetainCount === 0 && !stream[kImpl].userRef) {
        stream.worker.unref();
      }
    }
    function requestWorkerFlush(stream, cb) {
      if (stream[kImpl].destroyed) {
        process.nextTick(cb, new Error("the worker has exited"));
        return;
      }
      if (!stream[kImpl].ready) {
        const onReady = () => {
          cleanup();
          requestWorkerFlush(stream, cb);
        };
        const onClose = () => {
          cleanup();
          process.nextTick(cb, new Error("the worker has exited"));
        };
        const cleanup = () => {
          stream.off("ready", onReady);
          stream.off("close", onClose);
        };
        stream.once("ready", onReady);
        stream.once("close", onClose);
        return;
      }
      const id = ++stream[kImpl].nextFlushId;
      stream[kImpl].flushCallbacks.set(id, cb);
      try {
        stream.worker.postMessage({
          code: "FLUSH",
          context: "thread-stream",
          id
        });
      } catch (err) {
        stream[kImpl].flushCallbacks.delete(id);
        destroy(stream, err);
        process.nextTick(cb, err);
      }
    }
    function failPendingFlushCallbacks(stream, err) {
      const callbacks = stream[kImpl].flushCallbacks;
      if (callbacks.size === 0) {
        return;
      }
      const flushErr = err || new Error("the worker has exited");
      for (const cb of callbacks.values()) {
        process.nextTick(cb, flushErr);
      }
      callbacks.clear();
    }
    function error(stream, err) {
      setImmediate(() => {
        stream.emit("error", err);
      });
    }
    function destroy(stream, err) {
      if (stream[kImpl].destroyed) {
        return;
      }
      stream[kImpl].destroyed = true;
      failPendingFlushCallbacks(stream, err);
      if (err) {
        stream[kImpl].errored = err;
        error(stream, err);
      }
      if (!stream.worker.exited) {
        stream.worker.terminate().catch(() => {
        }).then(() => {
          stream[kImpl].closed = true;
          stream.emit("close");
        });
      } else {
        setImmediate(() => {
          stream[kImpl].closed = true;
          stream.emit("close");
        });
      }
    }
    function write(stream, maxBytes, cb) {
      const current = Atomics.load(stream[kImpl].state, WRITE_INDEX);
      let offset = current;
      let remaining = maxBytes;
      while (remaining > 0 && stream[kImpl].bufLen !== 0) {
        const head = stream[kImpl].bufHead;
        const buf = stream[kImpl].buf[head];
        if (buf.length <= remaining) {
          buf.copy(stream[kImpl].data, offset);
          offset += buf.length;
          remaining -= buf.length;
          stream[kImpl].bufLen -= buf.length;
          stream[kImpl].bufHead = head + 1;
          if (stream[kImpl].bufHead === stream[kImpl].buf.length) {
            stream[kImpl].buf.length = 0;
            stream[kImpl].bufHead = 0;
          } else if (stream[kImpl].bufHead >= 1024 && stream[kImpl].bufHead * 2 >= stream[kImpl].buf.length) {
            stream[kImpl].buf.splice(0, stream[kImpl].bufHead);
            stream[kImpl].bufHead = 0;
          }
          continue;
        }
        buf.copy(stream[kImpl].data, offset, 0, remaining);
        stream[kImpl].buf[head] = buf.subarray(remaining);
        stream[kImpl].bufLen -= remaining;
        offset += remaining;
        remaining = 0;
      }
      updateState(stream, () => {
        Atomics.store(stream[kImpl].state, WRITE_INDEX, offset);
      });
      cb();
      return true;
    }
    function end2(stream) {
      if (stream[kImpl].ended || !stream[kImpl].ending || stream[kImpl].flushing) {
        return;
      }
      stream[kImpl].ended = true;
      try {
        stream.flushSync();
        let readIndex = Atomics.load(stream[kImpl].state, READ_INDEX);
        updateState(stream, () => {
          Atomics.store(stream[kImpl].state, WRITE_INDEX, -1);
        });
        let spins = 0;
        while (readIndex !== -1) {
          Atomics.wait(stream[kImpl].state, READ_INDEX, readIndex, 1e3);
          readIndex = Atomics.load(stream[kImpl].state, READ_INDEX);
          if (readIndex === -2) {
            destroy(stream, new Error("end() failed"));
            return;
          }
          if (++spins === 10) {
            destroy(stream, new Error("end() took too long (10s)"));
            return;
          }
        }
        process.nextTick(() => {
          stream[kImpl].finished = true;
          stream.emit("finish");
        });
      } catch (err) {
        destroy(stream, err);
      }
    }
    function writeSync(stream) {
      const cb = () => {
        if (stream[kImpl].ending) {
          end2(stream);
        } else if (stream[kImpl].needDrain) {
          process.nextTick(drain, stream);
        }
      };
      stream[kImpl].flushing = false;
      while (stream[kImpl].bufLen !== 0) {
        const writeIndex = Atomics.load(stream[kImpl].state, WRITE_INDEX);
        if (writeIndex < 0) {
          throw new Error("_writeSync failed");
        }
        const leftover = stream[kImpl].data.length - writeIndex;
        if (leftover === 0) {
          flushSync(stream);
          resetIndexes(stream);
          continue;
        } else if (leftover < 0) {
          throw new Error("overwritten");
        }
        write(stream, leftover, cb);
      }
    }
    function flushSync(stream) {
      if (stream[kImpl].flushing) {
        throw new Error("unable to flush while flushing");
      }
      const writeIndex = Atomics.load(stream[kImpl].state, WRITE_INDEX);
      let spins = 0;
      while (true) {
        const readIndex = Atomics.load(stream[kImpl].state, READ_INDEX);
        if (readIndex === -2) {
          throw Error("_flushSync failed");
        }
        if (readIndex !== writeIndex) {
          Atomics.wait(stream[kImpl].state, READ_INDEX, readIndex, 1e3);
        } else {
          break;
        }
        if (++spins === 10) {
          throw new Error("_flushSync took too long (10s)");
        }
      }
    }
    module.exports = ThreadStream;
  }
});

// node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/transport.js
var require_transport = __commonJS({
  "node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/transport.js"(exports, module) {
    "use strict";
    var { createRequire: createRequire2 } = __require("module");
    var { existsSync: existsSync2 } = __require("node:fs");
    var getCallers = require_caller();
    var { join: join3, isAbsolute, sep } = __require("node:path");
    var { fileURLToPath: fileURLToPath2 } = __require("node:url");
    var sleep = require_atomic_sleep();
    var onExit = require_on_exit_leak_free();
    var ThreadStream = require_thread_stream();
    var { transportUsesMultistreamSym } = require_symbols();
    function setupOnExit(stream) {
      onExit.register(stream, autoEnd);
      onExit.registerBeforeExit(stream, flush);
      stream.on("close", function() {
        onExit.unregister(stream);
      });
    }
    function hasPreloadFlags() {
      const execArgv = process.execArgv;
      for (let i = 0; i < execArgv.length; i++) {
        const arg = execArgv[i];
        if (arg === "--import" || arg === "--require" || arg === "-r") {
          return true;
        }
        if (arg.startsWith("--import=") || arg.startsWith("--require=") || arg.startsWith("-r=")) {
          return true;
        }
      }
      return false;
    }
    function sanitizeNodeOptions(nodeOptions) {
      const tokens = nodeOptions.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g);
      if (!tokens) {
        return nodeOptions;
      }
      const sanitized = [];
      let changed = false;
      for (let i = 0; i < tokens.length; i++) {
        const token = tokens[i];
        if (token === "--require" || token === "-r" || token === "--import") {
          const next = tokens[i + 1];
          if (next && shouldDropPreload(next)) {
            changed = true;
            i++;
            continue;
          }
          sanitized.push(token);
          if (next) {
            sanitized.push(next);
            i++;
          }
          continue;
        }
        if (token.startsWith("--require=") || token.startsWith("-r=") || token.startsWith("--import=")) {
          const value = token.slice(token.indexOf("=") + 1);
          if (shouldDropPreload(value)) {
            changed = true;
            continue;
          }
        }
        sanitized.push(token);
      }
      return changed ? sanitized.join(" ") : nodeOptions;
    }
    function shouldDropPreload(value) {
      const unquoted = stripQuotes(value);
      if (!unquoted) {
        return false;
      }
      let path = unquoted;
      if (path.startsWith("file://")) {
        try {
          path = fileURLToPath2(path);
        } catch {
          return false;
        }
      }
      return isAbsolute(path) && !existsSync2(path);
    }
    function stripQuotes(value) {
      const first2 = value[0];
      const last = value[value.length - 1];
      if (first2 === '"' && last === '"' || first2 === "'" && last === "'") {
        return value.slice(1, -1);
      }
      return value;
    }
    function buildStream(filename, workerData, workerOpts, sync, name) {
      if (!workerOpts.execArgv && hasPreloadFlags() && __require.main === void 0) {
        workerOpts = {
          ...workerOpts,
          execArgv: []
        };
      }
      if (!workerOpts.env && process.env.NODE_OPTIONS) {
        const nodeOptions = sanitizeNodeOptions(process.env.NODE_OPTIONS);
        if (nodeOptions !== process.env.NODE_OPTIONS) {
          workerOpts = {
            ...workerOpts,
            env: {
              ...process.env,
              NODE_OPTIONS: nodeOptions
            }
          };
        }
      }
      workerOpts = { ...workerOpts, name };
      const stream = new ThreadStream({
        filename,
        workerData,
        workerOpts,
        sync
      });
      stream.on("ready", onReady);
      stream.on("close", function() {
        process.removeListener("exit", onExit2);
      });
      process.on("exit", onExit2);
      function onReady() {
        process.removeListener("exit", onExit2);
        stream.unref();
        if (workerOpts.autoEnd !== false) {
          setupOnExit(stream);
        }
      }
      function onExit2() {
        if (stream.closed) {
          return;
        }
        stream.flushSync();
        sleep(100);
        stream.end();
      }
      return stream;
    }
    function autoEnd(stream) {
      stream.ref();
      stream.flushSync();
      stream.end();
      stream.once("close", function() {
        stream.unref();
      });
    }
    function flush(stream) {
      stream.flushSync();
    }
    function transport(fullOptions) {
      const { pipeline, targets, levels, dedupe, worker = {}, caller = getCallers(), sync = false } = fullOptions;
      const options = {
        ...fullOptions.options
      };
      let usesMultistream = false;
      const callers = typeof caller === "string" ? [caller] : caller;
      const bundlerOverrides = typeof globalThis === "object" && Object.prototype.hasOwnProperty.call(globalThis, "__bundlerPathsOverrides") && globalThis.__bundlerPathsOverrides && typeof globalThis.__bundlerPathsOverrides === "object" ? globalThis.__bundlerPathsOverrides : /* @__PURE__ */ Object.create(null);
      let target2 = fullOptions.target;
      if (target2 && targets) {
        throw new Error("only one of target or targets can be specified");
      }
      if (targets) {
        target2 = bundlerOverrides["pino-worker"] || join3(__dirname, "worker.js");
        options.targets = targets.filter((dest) => dest.target).map((dest) => {
          return {
            ...dest,
            target: fixTarget(dest.target)
          };
        });
        options.pipelines = targets.filter((dest) => dest.pipeline).map((dest) => {
          return dest.pipeline.map((t) => {
            return {
              ...t,
              level: dest.level,
              // duplicate the pipeline `level` property defined in the upper level
              target: fixTarget(t.target)
            };
          });
        });
        const targetsHaveLevel = options.targets.some((t) => t.level != null);
        const pipelinesHaveLevel = options.pipelines.some((p) => p.some((t) => t.level != null));
        usesMultistream = options.targets.length + options.pipelines.length > 1 || targetsHaveLevel || pipelinesHaveLevel;
      } else if (pipeline) {
        target2 = bundlerOverrides["pino-worker"] || join3(__dirname, "worker.js");
        options.pipelines = [pipeline.map((dest) => {
          return {
            ...dest,
            target: fixTarget(dest.target)
          };
        })];
      }
      if (levels) {
        options.levels = levels;
      }
      if (dedupe) {
        options.dedupe = dedupe;
      }
      options.pinoWillSendConfig = true;
      const name = targets || pipeline ? "pino.transport" : target2;
      const stream = buildStream(fixTarget(target2), options, worker, sync, name);
      if (usesMultistream) {
        stream[transportUsesMultistreamSym] = true;
      }
      return stream;
      function fixTarget(origin) {
        origin = bundlerOverrides[origin] || origin;
        if (isAbsolute(origin) || origin.indexOf("file://") === 0) {
          return origin;
        }
        if (origin === "pino/file") {
          return join3(__dirname, "..", "file.js");
        }
        let fixTarget2;
        for (const filePath of callers) {
          try {
            const context = filePath === "node:repl" ? process.cwd() + sep : filePath;
            fixTarget2 = createRequire2(context).resolve(origin);
            break;
          } catch (err) {
            continue;
          }
        }
        if (!fixTarget2) {
          throw new Error(`unable to determine transport target for "${origin}"`);
        }
        return fixTarget2;
      }
    }
    module.exports = transport;
  }
});

// node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/tools.js
var require_tools = __commonJS({
  "node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/tools.js"(exports, module) {
    "use strict";
    var diagChan = __require("node:diagnostics_channel");
    var format = require_quick_format_unescaped();
    var { mapHttpRequest, mapHttpResponse } = require_pino_std_serializers();
    var SonicBoom = require_sonic_boom();
    var onExit = require_on_exit_leak_free();
    var {
      lsCacheSym,
      chindingsSym,
      writeSym,
      serializersSym,
      formatOptsSym,
      endSym,
      stringifiersSym,
      stringifySym,
      stringifySafeSym,
      wildcardFirstSym,
      nestedKeySym,
      formattersSym,
      messageKeySym,
      errorKeySym,
      nestedKeyStrSym,
      msgPrefixSym
    } = require_symbols();
    var { isMainThread } = __require("worker_threads");
    var transport = require_transport();
    var [nodeMajor] = process.versions.node.split(".").map((v) => Number(v));
    var asJsonChan = diagChan.tracingChannel("pino_asJson");
    var asString = nodeMajor >= 25 ? (str) => JSON.stringify(str) : _asString;
    function noop() {
    }
    function genLog(level, hook) {
      if (!hook) return LOG;
      return function hookWrappedLog(...args) {
        hook.call(this, args, LOG, level);
      };
      function LOG(o, ...n) {
        if (typeof o === "object") {
          let msg = o;
          if (o !== null) {
            if (o.method && o.headers && o.socket) {
              o = mapHttpRequest(o);
            } else if (typeof o.setHeader === "function") {
              o = mapHttpResponse(o);
            }
          }
          let formatParams;
          if (msg === null && n.length === 0) {
            formatParams = [null];
          } else {
            msg = n.shift();
            formatParams = n;
          }
          if (typeof this[msgPrefixSym] === "string" && msg !== void 0 && msg !== null) {
            msg = this[msgPrefixSym] + msg;
          }
          this[writeSym](o, format(msg, formatParams, this[formatOptsSym]), level);
        } else {
          let msg = o === void 0 ? n.shift() : o;
          if (typeof this[msgPrefixSym] === "string" && msg !== void 0 && msg !== null) {
            msg = this[msgPrefixSym] + msg;
          }
          this[writeSym](null, format(msg, n, this[formatOptsSym]), level);
        }
      }
    }
    function _asString(str) {
      let result = "";
      let last = 0;
      let found = false;
      let point = 255;
      const l = str.length;
      if (l > 100) {
        return JSON.stringify(str);
      }
      for (var i = 0; i < l && point >= 32; i++) {
        point = str.charCodeAt(i);
        if (point === 34 || point === 92) {
          result += str.slice(last, i) + "\\";
          last = i;
          found = true;
        }
      }
      if (!found) {
        result = str;
      } else {
        result += str.slice(last);
      }
      return point < 32 ? JSON.stringify(str) : '"' + result + '"';
    }
    function asJson(obj, msg, num, time2) {
      if (asJsonChan.hasSubscribers === false) {
        return _asJson.call(this, obj, msg, num, time2);
      }
      const store = { instance: this, arguments };
      return asJsonChan.traceSync(_asJson, store, this, obj, msg, num, time2);
    }
    function _asJson(obj, msg, num, time2) {
      const stringify2 = this[stringifySym];
      const stringifySafe = this[stringifySafeSym];
      const stringifiers = this[stringifiersSym];
      const end2 = this[endSym];
      const chindings = this[chindingsSym];
      const serializers = this[serializersSym];
      const formatters = this[formattersSym];
      const messageKey = this[messageKeySym];
      const errorKey = this[errorKeySym];
      let data = this[lsCacheSym][num] + time2;
      data = data + chindings;
      let value;
      if (formatters.log) {
        obj = formatters.log(obj);
      }
      const wildcardStringifier = stringifiers[wildcardFirstSym];
      let propStr = "";
      for (const key in obj) {
        value = obj[key];
        if (Object.prototype.hasOwnProperty.call(obj, key) && value !== void 0) {
          if (serializers[key]) {
            value = serializers[key](value);
          } else if (key === errorKey && serializers.err) {
            value = serializers.err(value);
          }
          const stringifier = stringifiers[key] || wildcardStringifier;
          switch (typeof value) {
            case "undefined":
            case "function":
              continue;
            case "number":
              if (Number.isFinite(value) === false) {
                value = null;
              }
            // this case explicitly falls through to the next one
            case "boolean":
              if (stringifier) value = stringifier(value);
              break;
            case "string":
              value = (stringifier || asString)(value);
              break;
            default:
              value = (stringifier || stringify2)(value, stringifySafe);
          }
          if (value === void 0) continue;
          const strKey = asString(key);
          propStr += "," + strKey + ":" + value;
        }
      }
      let msgStr = "";
      if (msg !== void 0) {
        value = serializers[messageKey] ? serializers[messageKey](msg) : msg;
        const stringifier = stringifiers[messageKey] || wildcardStringifier;
        switch (typeof value) {
          case "function":
            break;
          case "number":
            if (Number.isFinite(value) === false) {
              value = null;
            }
          // this case explicitly falls through to the next one
          case "boolean":
            if (stringifier) value = stringifier(value);
            msgStr = ',"' + messageKey + '":' + value;
            break;
          case "string":
            value = (stringifier || asString)(value);
            msgStr = ',"' + messageKey + '":' + value;
            break;
          default:
            value = (stringifier || stringify2)(value, stringifySafe);
            msgStr = ',"' + messageKey + '":' + value;
        }
      }
      if (this[nestedKeySym] && propStr) {
        return data + this[nestedKeyStrSym] + propStr.slice(1) + "}" + msgStr + end2;
      } else {
        return data + propStr + msgStr + end2;
      }
    }
    function asChindings(instance, bindings) {
      let value;
      let data = instance[chindingsSym];
      const stringify2 = instance[stringifySym];
      const stringifySafe = instance[stringifySafeSym];
      const stringifiers = instance[stringifiersSym];
      const wildcardStringifier = stringifiers[wildcardFirstSym];
      const serializers = instance[serializersSym];
      const formatter = instance[formattersSym].bindings;
      bindings = formatter(bindings);
      for (const key in bindings) {
        value = bindings[key];
        const valid = (key.length < 5 || key !== "level" && key !== "serializers" && key !== "formatters" && key !== "customLevels") && bindings.hasOwnProperty(key) && value !== void 0;
        if (valid === true) {
          value = serializers[key] ? serializers[key](value) : value;
          value = (stringifiers[key] || wildcardStringifier || stringify2)(value, stringifySafe);
          if (value === void 0) continue;
          data += "," + asString(key) + ":" + value;
        }
      }
      return data;
    }
    function hasBeenTampered(stream) {
      return stream.write !== stream.constructor.prototype.write;
    }
    function buildSafeSonicBoom(opts) {
      const stream = new SonicBoom(opts);
      stream.on("error", filterBrokenPipe);
      if (!opts.sync && isMainThread) {
        onExit.register(stream, autoEnd);
        stream.on("close", function() {
          onExit.unregister(stream);
        });
      }
      return stream;
      function filterBrokenPipe(err) {
        if (err.code === "EPIPE") {
          stream.write = noop;
          stream.end = noop;
          stream.flushSync = noop;
          stream.destroy = noop;
          return;
        }
        stream.removeListener("error", filterBrokenPipe);
        stream.emit("error", err);
      }
    }
    function autoEnd(stream, eventName) {
      if (stream.destroyed) {
        return;
      }
      if (eventName === "beforeExit") {
        stream.flush();
        stream.on("drain", function() {
          stream.end();
        });
      } else {
        stream.flushSync();
      }
    }
    function createArgsNormalizer(defaultOptions2) {
      return function normalizeArgs(instance, caller, opts = {}, stream) {
        if (typeof opts === "string") {
          stream = buildSafeSonicBoom({ dest: opts });
          opts = {};
        } else if (typeof stream === "string") {
          if (opts && opts.transport) {
            throw Error("only one of option.transport or stream can be specified");
          }
          stream = buildSafeSonicBoom({ dest: stream });
        } else if (opts instanceof SonicBoom || opts.writable || opts._writableState) {
          stream = opts;
          opts = {};
        } else if (opts.transport) {
          if (opts.transport instanceof SonicBoom || opts.transport.writable || opts.transport._writableState) {
            throw Error("option.transport do not allow stream, please pass to option directly. e.g. pino(transport)");
          }
          if (opts.transport.targets && opts.transport.targets.length && opts.formatters && typeof opts.formatters.level === "function") {
            throw Error("option.transport.targets do not allow custom level formatters");
          }
          let customLevels;
          if (opts.customLevels) {
            customLevels = opts.useOnlyCustomLevels ? opts.customLevels : Object.assign({}, opts.levels, opts.customLevels);
          }
          stream = transport({ caller, ...opts.transport, levels: customLevels });
        }
        opts = Object.assign({}, defaultOptions2, opts);
        opts.serializers = Object.assign(/* @__PURE__ */ Object.create(null), defaultOptions2.serializers, opts.serializers);
        opts.formatters = Object.assign({}, defaultOptions2.formatters, opts.formatters);
        if (opts.prettyPrint) {
          throw new Error("prettyPrint option is no longer supported, see the pino-pretty package (https://github.com/pinojs/pino-pretty)");
        }
        const { enabled, onChild } = opts;
        if (enabled === false) opts.level = "silent";
        if (!onChild) opts.onChild = noop;
        if (!stream) {
          if (!hasBeenTampered(process.stdout)) {
            stream = buildSafeSonicBoom({ fd: process.stdout.fd || 1 });
          } else {
            stream = process.stdout;
          }
        }
        return { opts, stream };
      };
    }
    function stringify(obj, stringifySafeFn) {
      try {
        return JSON.stringify(obj);
      } catch (_) {
        try {
          const stringify2 = stringifySafeFn || this[stringifySafeSym];
          return stringify2(obj);
        } catch (_2) {
          return '"[unable to serialize, circular reference is too complex to analyze]"';
        }
      }
    }
    function buildFormatters(level, bindings, log) {
      return {
        level,
        bindings,
        log
      };
    }
    function normalizeDestFileDescriptor(destination2) {
      const fd = Number(destination2);
      if (typeof destination2 === "string" && Number.isFinite(fd)) {
        return fd;
      }
      if (destination2 === void 0) {
        return 1;
      }
      return destination2;
    }
    module.exports = {
      noop,
      buildSafeSonicBoom,
      asChindings,
      asJson,
      genLog,
      createArgsNormalizer,
      stringify,
      buildFormatters,
      normalizeDestFileDescriptor
    };
  }
});

// node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/constants.js
var require_constants = __commonJS({
  "node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/constants.js"(exports, module) {
    var DEFAULT_LEVELS = {
      trace: 10,
      debug: 20,
      info: 30,
      warn: 40,
      error: 50,
      fatal: 60
    };
    var SORTING_ORDER = {
      ASC: "ASC",
      DESC: "DESC"
    };
    module.exports = {
      DEFAULT_LEVELS,
      SORTING_ORDER
    };
  }
});

// node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/levels.js
var require_levels = __commonJS({
  "node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/levels.js"(exports, module) {
    "use strict";
    var {
      lsCacheSym,
      levelValSym,
      useOnlyCustomLevelsSym,
      streamSym,
      formattersSym,
      hooksSym,
      levelCompSym
    } = require_symbols();
    var { noop, genLog } = require_tools();
    var { DEFAULT_LEVELS, SORTING_ORDER } = require_constants();
    var levelMethods = {
      fatal: (hook) => {
        const logFatal = genLog(DEFAULT_LEVELS.fatal, hook);
        return function(...args) {
          const stream = this[streamSym];
          logFatal.call(this, ...args);
          if (typeof stream.flushSync === "function") {
            try {
              stream.flushSync();
            } catch (e) {
            }
          }
        };
      },
      error: (hook) => genLog(DEFAULT_LEVELS.error, hook),
      warn: (hook) => genLog(DEFAULT_LEVELS.warn, hook),
      info: (hook) => genLog(DEFAULT_LEVELS.info, hook),
      debug: (hook) => genLog(DEFAULT_LEVELS.debug, hook),
      trace: (hook) => genLog(DEFAULT_LEVELS.trace, hook)
    };
    var nums = Object.keys(DEFAULT_LEVELS).reduce((o, k) => {
      o[DEFAULT_LEVELS[k]] = k;
      return o;
    }, {});
    var initialLsCache = Object.keys(nums).reduce((o, k) => {
      o[k] = '{"level":' + Number(k);
      return o;
    }, {});
    function genLsCache(instance) {
      const formatter = instance[formattersSym].level;
      const { labels } = instance.levels;
      const cache2 = {};
      for (const label2 in labels) {
        const level = formatter(labels[label2], Number(label2));
        cache2[label2] = JSON.stringify(level).slice(0, -1);
      }
      instance[lsCacheSym] = cache2;
      return instance;
    }
    function isStandardLevel(level, useOnlyCustomLevels) {
      if (useOnlyCustomLevels) {
        return false;
      }
      switch (level) {
        case "fatal":
        case "error":
        case "warn":
        case "info":
        case "debug":
        case "trace":
          return true;
        default:
          return false;
      }
    }
    function setLevel(level) {
      const { labels, values } = this.levels;
      if (typeof level === "number") {
        if (labels[level] === void 0) throw Error("unknown level value" + level);
        level = labels[level];
      }
      if (values[level] === void 0) throw Error("unknown level " + level);
      const preLevelVal = this[levelValSym];
      const levelVal = this[levelValSym] = values[level];
      const useOnlyCustomLevelsVal = this[useOnlyCustomLevelsSym];
      const levelComparison = this[levelCompSym];
      const hook = this[hooksSym].logMethod;
      for (const key in values) {
        if (levelComparison(values[key], levelVal) === false) {
          this[key] = noop;
          continue;
        }
        this[key] = isStandardLevel(key, useOnlyCustomLevelsVal) ? levelMethods[key](hook) : genLog(values[key], hook);
      }
      this.emit(
        "level-change",
        level,
        levelVal,
        labels[preLevelVal],
        preLevelVal,
        this
      );
    }
    function getLevel(level) {
      const { levels, levelVal } = this;
      return levels && levels.labels ? levels.labels[levelVal] : "";
    }
    function isLevelEnabled(logLevel) {
      const { values } = this.levels;
      const logLevelVal = values[logLevel];
      return logLevelVal !== void 0 && this[levelCompSym](logLevelVal, this[levelValSym]);
    }
    function compareLevel(direction, current, expected) {
      if (direction === SORTING_ORDER.DESC) {
        return current <= expected;
      }
      return current >= expected;
    }
    function genLevelComparison(levelComparison) {
      if (typeof levelComparison === "string") {
        return compareLevel.bind(null, levelComparison);
      }
      return levelComparison;
    }
    function mappings(customLevels = null, useOnlyCustomLevels = false) {
      const customNums = customLevels ? Object.keys(customLevels).reduce((o, k) => {
        o[customLevels[k]] = k;
        return o;
      }, {}) : null;
      const labels = Object.assign(
        Object.create(Object.prototype, { Infinity: { value: "silent" } }),
        useOnlyCustomLevels ? null : nums,
        customNums
      );
      const values = Object.assign(
        Object.create(Object.prototype, { silent: { value: Infinity } }),
        useOnlyCustomLevels ? null : DEFAULT_LEVELS,
        customLevels
      );
      return { labels, values };
    }
    function assertDefaultLevelFound(defaultLevel, customLevels, useOnlyCustomLevels) {
      if (typeof defaultLevel === "number") {
        const values = [].concat(
          Object.keys(customLevels || {}).map((key) => customLevels[key]),
          useOnlyCustomLevels ? [] : Object.keys(nums).map((level) => +level),
          Infinity
        );
        if (!values.includes(defaultLevel)) {
          throw Error(`default level:${defaultLevel} must be included in custom levels`);
        }
        return;
      }
      const labels = Object.assign(
        Object.create(Object.prototype, { silent: { value: Infinity } }),
        useOnlyCustomLevels ? null : DEFAULT_LEVELS,
        customLevels
      );
      if (!(defaultLevel in labels)) {
        throw Error(`default level:${defaultLevel} must be included in custom levels`);
      }
    }
    function assertNoLevelCollisions(levels, customLevels) {
      const { labels, values } = levels;
      for (const k in customLevels) {
        if (k in values) {
          throw Error("levels cannot be overridden");
        }
        if (customLevels[k] in labels) {
          throw Error("pre-existing level values cannot be used for new levels");
        }
      }
    }
    function assertLevelComparison(levelComparison) {
      if (typeof levelComparison === "function") {
        return;
      }
      if (typeof levelComparison === "string" && Object.values(SORTING_ORDER).includes(levelComparison)) {
        return;
      }
      throw new Error('Levels comparison should be one of "ASC", "DESC" or "function" type');
    }
    module.exports = {
      initialLsCache,
      genLsCache,
      levelMethods,
      getLevel,
      setLevel,
      isLevelEnabled,
      mappings,
      assertNoLevelCollisions,
      assertDefaultLevelFound,
      genLevelComparison,
      assertLevelComparison
    };
  }
});

// node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/meta.js
var require_meta = __commonJS({
  "node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/meta.js"(exports, module) {
    "use strict";
    module.exports = { version: "10.4.0" };
  }
});

// node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/proto.js
var require_proto = __commonJS({
  "node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/proto.js"(exports, module) {
    "use strict";
    var { EventEmitter } = __require("node:events");
    var {
      lsCacheSym,
      levelValSym,
      setLevelSym,
      getLevelSym,
      chindingsSym,
      mixinSym,
      asJsonSym,
      writeSym,
      mixinMergeStrategySym,
      timeSym,
      timeSliceIndexSym,
      streamSym,
      serializersSym,
      formattersSym,
      errorKeySym,
      messageKeySym,
      useOnlyCustomLevelsSym,
      needsMetadataGsym,
      redactFmtSym,
      stringifySym,
      formatOptsSym,
      stringifiersSym,
      msgPrefixSym,
      hooksSym
    } = require_symbols();
    var {
      getLevel,
      setLevel,
      isLevelEnabled,
      mappings,
      initialLsCache,
      genLsCache,
      assertNoLevelCollisions
    } = require_levels();
    var {
      asChindings,
      asJson,
      buildFormatters,
      stringify,
      noop
    } = require_tools();
    var {
      version
    } = require_meta();
    var redaction = require_redaction();
    var constructor = class Pino {
    };
    var prototype = {
      constructor,
      child,
      bindings,
      setBindings,
      flush,
      isLevelEnabled,
      version,
      get level() {
        return this[getLevelSym]();
      },
      set level(lvl) {
        this[setLevelSym](lvl);
      },
      get levelVal() {
        return this[levelValSym];
      },
      set levelVal(n) {
        throw Error("levelVal is read-only");
      },
      get msgPrefix() {
        return this[msgPrefixSym];
      },
      get [Symbol.toStringTag]() {
        return "Pino";
      },
      [lsCacheSym]: initialLsCache,
      [writeSym]: write,
      [asJsonSym]: asJson,
      [getLevelSym]: getLevel,
      [setLevelSym]: setLevel
    };
    Object.setPrototypeOf(prototype, EventEmitter.prototype);
    module.exports = function() {
      return Object.create(prototype);
    };
    var resetChildingsFormatter = (bindings2) => bindings2;
    function child(bindings2, options) {
      if (!bindings2) {
        throw Error("missing bindings for child Pino");
      }
      const serializers = this[serializersSym];
      const formatters = this[formattersSym];
      const instance = Object.create(this);
      if (options == null) {
        if (instance[formattersSym].bindings !== resetChildingsFormatter) {
          instance[formattersSym] = buildFormatters(
            formatters.level,
            resetChildingsFormatter,
            formatters.log
          );
        }
        instance[chindingsSym] = asChindings(instance, bindings2);
        if (this.onChild !== noop) {
          this.onChild(instance);
        }
        return instance;
      }
      if (options.hasOwnProperty("serializers") === true) {
        instance[serializersSym] = /* @__PURE__ */ Object.create(null);
        for (const k in serializers) {
          instance[serializersSym][k] = serializers[k];
        }
        const parentSymbols = Object.getOwnPropertySymbols(serializers);
        for (var i = 0; i < parentSymbols.length; i++) {
          const ks = parentSymbols[i];
          instance[serializersSym][ks] = serializers[ks];
        }
        for (const bk in options.serializers) {
          instance[serializersSym][bk] = options.serializers[bk];
        }
        const bindingsSymbols = Object.getOwnPropertySymbols(options.serializers);
        for (var bi = 0; bi < bindingsSymbols.length; bi++) {
          const bks = bindingsSymbols[bi];
          instance[serializersSym][bks] = options.serializers[bks];
        }
      } else instance[serializersSym] = serializers;
      if (options.hasOwnProperty("formatters")) {
        const { level, bindings: chindings, log } = options.formatters;
        instance[formattersSym] = buildFormatters(
          level || formatters.level,
          chindings || resetChildingsFormatter,
          log || formatters.log
        );
      } else {
        instance[formattersSym] = buildFormatters(
          formatters.level,
          resetChildingsFormatter,
          formatters.log
        );
      }
      if (options.hasOwnProperty("customLevels") === true) {
        assertNoLevelCollisions(this.levels, options.customLevels);
        instance.levels = mappings(options.customLevels, instance[useOnlyCustomLevelsSym]);
        genLsCache(instance);
      }
      if (typeof options.redact === "object" && options.redact !== null || Array.isArray(options.redact)) {
        instance.redact = options.redact;
        const stringifiers = redaction(instance.redact, stringify);
        const formatOpts = { stringify: stringifiers[redactFmtSym] };
        instance[stringifySym] = stringify;
        instance[stringifiersSym] = stringifiers;
        instance[formatOptsSym] = formatOpts;
      }
      if (typeof options.msgPrefix === "string") {
        instance[msgPrefixSym] = (this[msgPrefixSym] || "") + options.msgPrefix;
      }
      instance[chindingsSym] = asChindings(instance, bindings2);
      if (options.level !== void 0 && options.level !== this.level || options.hasOwnProperty("customLevels")) {
        const childLevel = options.level || this.level;
        instance[setLevelSym](childLevel);
      }
      this.onChild(instance);
      return instance;
    }
    function bindings() {
      const chindings = this[chindingsSym];
      const chindingsJson = `{${chindings.substr(1)}}`;
      const bindingsFromJson = JSON.parse(chindingsJson);
      delete bindingsFromJson.pid;
      delete bindingsFromJson.hostname;
      return bindingsFromJson;
    }
    function setBindings(newBindings) {
      const chindings = asChindings(this, newBindings);
      this[chindingsSym] = chindings;
    }
    function defaultMixinMergeStrategy(mergeObject, mixinObject) {
      return Object.assign(mixinObject, mergeObject);
    }
    function write(_obj, msg, num) {
      const t = this[timeSym]();
      const mixin = this[mixinSym];
      const errorKey = this[errorKeySym];
      const messageKey = this[messageKeySym];
      const mixinMergeStrategy = this[mixinMergeStrategySym] || defaultMixinMergeStrategy;
      let obj;
      const streamWriteHook = this[hooksSym].streamWrite;
      if (_obj === void 0 || _obj === null) {
        obj = {};
      } else if (_obj instanceof Error) {
        obj = { [errorKey]: _obj };
        if (msg === void 0) {
          msg = _obj.message;
        }
      } else {
        obj = _obj;
        if (msg === void 0 && _obj[messageKey] === void 0 && _obj[errorKey]) {
          msg = _obj[errorKey].message;
        }
      }
      if (mixin) {
        obj = mixinMergeStrategy(obj, mixin(obj, num, this));
      }
      const s = this[asJsonSym](obj, msg, num, t);
      const stream = this[streamSym];
      if (stream[needsMetadataGsym] === true) {
        stream.lastLevel = num;
        stream.lastObj = obj;
        stream.lastMsg = msg;
        stream.lastTime = t.slice(this[timeSliceIndexSym]);
        stream.lastLogger = this;
      }
      stream.write(streamWriteHook ? streamWriteHook(s) : s);
    }
    function flush(cb) {
      if (cb != null && typeof cb !== "function") {
        throw Error("callback must be a function");
      }
      const stream = this[streamSym];
      if (typeof stream.flush === "function") {
        stream.flush(cb || noop);
      } else if (cb) cb();
    }
  }
});

// node_modules/.pnpm/safe-stable-stringify@2.5.0/node_modules/safe-stable-stringify/index.js
var require_safe_stable_stringify = __commonJS({
  "node_modules/.pnpm/safe-stable-stringify@2.5.0/node_modules/safe-stable-stringify/index.js"(exports, module) {
    "use strict";
    var { hasOwnProperty } = Object.prototype;
    var stringify = configure();
    stringify.configure = configure;
    stringify.stringify = stringify;
    stringify.default = stringify;
    exports.stringify = stringify;
    exports.configure = configure;
    module.exports = stringify;
    var strEscapeSequencesRegExp = /[\u0000-\u001f\u0022\u005c\ud800-\udfff]/;
    function strEscape(str) {
      if (str.length < 5e3 && !strEscapeSequencesRegExp.test(str)) {
        return `"${str}"`;
      }
      return JSON.stringify(str);
    }
    function sort(array, comparator) {
      if (array.length > 200 || comparator) {
        return array.sort(comparator);
      }
      for (let i = 1; i < array.length; i++) {
        const currentValue = array[i];
        let position3 = i;
        while (position3 !== 0 && array[position3 - 1] > currentValue) {
          array[position3] = array[position3 - 1];
          position3--;
        }
        array[position3] = currentValue;
      }
      return array;
    }
    var typedArrayPrototypeGetSymbolToStringTag = Object.getOwnPropertyDescriptor(
      Object.getPrototypeOf(
        Object.getPrototypeOf(
          new Int8Array()
        )
      ),
      Symbol.toStringTag
    ).get;
    function isTypedArrayWithEntries(value) {
      return typedArrayPrototypeGetSymbolToStringTag.call(value) !== void 0 && value.length !== 0;
    }
    function stringifyTypedArray(array, separator, maximumBreadth) {
      if (array.length < maximumBreadth) {
        maximumBreadth = array.length;
      }
      const whitespace = separator === "," ? "" : " ";
      let res = `"0":${whitespace}${array[0]}`;
      for (let i = 1; i < maximumBreadth; i++) {
        res += `${separator}"${i}":${whitespace}${array[i]}`;
      }
      return res;
    }
    function getCircularValueOption(options) {
      if (hasOwnProperty.call(options, "circularValue")) {
        const circularValue = options.circularValue;
        if (typeof circularValue === "string") {
          return `"${circularValue}"`;
        }
        if (circularValue == null) {
          return circularValue;
        }
        if (circularValue === Error || circularValue === TypeError) {
          return {
            toString() {
              throw new TypeError("Converting circular structure to JSON");
            }
          };
        }
        throw new TypeError('The "circularValue" argument must be of type string or the value null or undefined');
      }
      return '"[Circular]"';
    }
    function getDeterministicOption(options) {
      let value;
      if (hasOwnProperty.call(options, "deterministic")) {
        value = options.deterministic;
        if (typeof value !== "boolean" && typeof value !== "function") {
          throw new TypeError('The "deterministic" argument must be of type boolean or comparator function');
        }
      }
      return value === void 0 ? true : value;
    }
    function getBooleanOption(options, key) {
      let value;
      if (hasOwnProperty.call(options, key)) {
        value = options[key];
        if (typeof value !== "boolean") {
          throw new TypeError(`The "${key}" argument must be of type boolean`);
        }
      }
      return value === void 0 ? true : value;
    }
    function getPositiveIntegerOption(options, key) {
      let value;
      if (hasOwnProperty.call(options, key)) {
        value = options[key];
        if (typeof value !== "number") {
          throw new TypeError(`The "${key}" argument must be of type number`);
        }
        if (!Number.isInteger(value)) {
          throw new TypeError(`The "${key}" argument must be an integer`);
        }
        if (value < 1) {
          throw new RangeError(`The "${key}" argument must be >= 1`);
        }
      }
      return value === void 0 ? Infinity : value;
    }
    function getItemCount(number) {
      if (number === 1) {
        return "1 item";
      }
      return `${number} items`;
    }
    function getUniqueReplacerSet(replacerArray) {
      const replacerSet = /* @__PURE__ */ new Set();
      for (const value of replacerArray) {
        if (typeof value === "string" || typeof value === "number") {
          replacerSet.add(String(value));
        }
      }
      return replacerSet;
    }
    function getStrictOption(options) {
      if (hasOwnProperty.call(options, "strict")) {
        const value = options.strict;
        if (typeof value !== "boolean") {
          throw new TypeError('The "strict" argument must be of type boolean');
        }
        if (value) {
          return (value2) => {
            let message2 = `Object can not safely be stringified. Received type ${typeof value2}`;
            if (typeof value2 !== "function") message2 += ` (${value2.toString()})`;
            throw new Error(message2);
          };
        }
      }
    }
    function configure(options) {
      options = { ...options };
      const fail = getStrictOption(options);
      if (fail) {
        if (options.bigint === void 0) {
          options.bigint = false;
        }
        if (!("circularValue" in options)) {
          options.circularValue = Error;
        }
      }
      const circularValue = getCircularValueOption(options);
      const bigint = getBooleanOption(options, "bigint");
      const deterministic = getDeterministicOption(options);
      const comparator = typeof deterministic === "function" ? deterministic : void 0;
      const maximumDepth = getPositiveIntegerOption(options, "maximumDepth");
      const maximumBreadth = getPositiveIntegerOption(options, "maximumBreadth");
      function stringifyFnReplacer(key, parent, stack, replacer, spacer, indentation) {
        let value = parent[key];
        if (typeof value === "object" && value !== null && typeof value.toJSON === "function") {
          value = value.toJSON(key);
        }
        value = replacer.call(parent, key, value);
        switch (typeof value) {
          case "string":
            return strEscape(value);
          case "object": {
            if (value === null) {
              return "null";
            }
            if (stack.indexOf(value) !== -1) {
              return circularValue;
            }
            let res = "";
            let join3 = ",";
            const originalIndentation = indentation;
            if (Array.isArray(value)) {
              if (value.length === 0) {
                return "[]";
              }
              if (maximumDepth < stack.length + 1) {
                return '"[Array]"';
              }
              stack.push(value);
              if (spacer !== "") {
                indentation += spacer;
                res += `
${indentation}`;
                join3 = `,
${indentation}`;
              }
              const maximumValuesToStringify = Math.min(value.length, maximumBreadth);
              let i = 0;
              for (; i < maximumValuesToStringify - 1; i++) {
                const tmp2 = stringifyFnReplacer(String(i), value, stack, replacer, spacer, indentation);
                res += tmp2 !== void 0 ? tmp2 : "null";
                res += join3;
              }
              const tmp = stringifyFnReplacer(String(i), value, stack, replacer, spacer, indentation);
              res += tmp !== void 0 ? tmp : "null";
              if (value.length - 1 > maximumBreadth) {
                const removedKeys = value.length - maximumBreadth - 1;
                res += `${join3}"... ${getItemCount(removedKeys)} not stringified"`;
              }
              if (spacer !== "") {
                res += `
${originalIndentation}`;
              }
              stack.pop();
              return `[${res}]`;
            }
            let keys = Object.keys(value);
            const keyLength = keys.length;
            if (keyLength === 0) {
              return "{}";
            }
            if (maximumDepth < stack.length + 1) {
              return '"[Object]"';
            }
            let whitespace = "";
            let separator = "";
            if (spacer !== "") {
              indentation += spacer;
              join3 = `,
${indentation}`;
              whitespace = " ";
            }
            const maximumPropertiesToStringify = Math.min(keyLength, maximumBreadth);
            if (deterministic && !isTypedArrayWithEntries(value)) {
              keys = sort(keys, comparator);
            }
            stack.push(value);
            for (let i = 0; i < maximumPropertiesToStringify; i++) {
              const key2 = keys[i];
              const tmp = stringifyFnReplacer(key2, value, stack, replacer, spacer, indentation);
              if (tmp !== void 0) {
                res += `${separator}${strEscape(key2)}:${whitespace}${tmp}`;
                separator = join3;
              }
            }
            if (keyLength > maximumBreadth) {
              const removedKeys = keyLength - maximumBreadth;
              res += `${separator}"...":${whitespace}"${getItemCount(removedKeys)} not stringified"`;
              separator = join3;
            }
            if (spacer !== "" && separator.length > 1) {
              res = `
${indentation}${res}
${originalIndentation}`;
            }
            stack.pop();
            return `{${res}}`;
          }
          case "number":
            return isFinite(value) ? String(value) : fail ? fail(value) : "null";
          case "boolean":
            return value === true ? "true" : "false";
          case "undefined":
            return void 0;
          case "bigint":
            if (bigint) {
              return String(value);
            }
          // fallthrough
          default:
            return fail ? fail(value) : void 0;
        }
      }
      function stringifyArrayReplacer(key, value, stack, replacer, spacer, indentation) {
        if (typeof value === "object" && value !== null && typeof value.toJSON === "function") {
          value = value.toJSON(key);
        }
        switch (typeof value) {
          case "string":
            return strEscape(value);
          case "object": {
            if (value === null) {
              return "null";
            }
            if (stack.indexOf(value) !== -1) {
              return circularValue;
            }
            const originalIndentation = indentation;
            let res = "";
            let join3 = ",";
            if (Array.isArray(value)) {
              if (value.length === 0) {
                return "[]";
              }
              if (maximumDepth < stack.length + 1) {
                return '"[Array]"';
              }
              stack.push(value);
              if (spacer !== "") {
                indentation += spacer;
                res += `
${indentation}`;
                join3 = `,
${indentation}`;
              }
              const maximumValuesToStringify = Math.min(value.length, maximumBreadth);
              let i = 0;
              for (; i < maximumValuesToStringify - 1; i++) {
                const tmp2 = stringifyArrayReplacer(String(i), value[i], stack, replacer, spacer, indentation);
                res += tmp2 !== void 0 ? tmp2 : "null";
                res += join3;
              }
              const tmp = stringifyArrayReplacer(String(i), value[i], stack, replacer, spacer, indentation);
              res += tmp !== void 0 ? tmp : "null";
              if (value.length - 1 > maximumBreadth) {
                const removedKeys = value.length - maximumBreadth - 1;
                res += `${join3}"... ${getItemCount(removedKeys)} not stringified"`;
              }
              if (spacer !== "") {
                res += `
${originalIndentation}`;
              }
              stack.pop();
              return `[${res}]`;
            }
            stack.push(value);
            let whitespace = "";
            if (spacer !== "") {
              indentation += spacer;
              join3 = `,
${indentation}`;
              whitespace = " ";
            }
            let separator = "";
            for (const key2 of replacer) {
              const tmp = stringifyArrayReplacer(key2, value[key2], stack, replacer, spacer, indentation);
              if (tmp !== void 0) {
                res += `${separator}${strEscape(key2)}:${whitespace}${tmp}`;
                separator = join3;
              }
            }
            if (spacer !== "" && separator.length > 1) {
              res = `
${indentation}${res}
${originalIndentation}`;
            }
            stack.pop();
            return `{${res}}`;
          }
          case "number":
            return isFinite(value) ? String(value) : fail ? fail(value) : "null";
          case "boolean":
            return value === true ? "true" : "false";
          case "undefined":
            return void 0;
          case "bigint":
            if (bigint) {
              return String(value);
            }
          // fallthrough
          default:
            return fail ? fail(value) : void 0;
        }
      }
      function stringifyIndent(key, value, stack, spacer, indentation) {
        switch (typeof value) {
          case "string":
            return strEscape(value);
          case "object": {
            if (value === null) {
              return "null";
            }
            if (typeof value.toJSON === "function") {
              value = value.toJSON(key);
              if (typeof value !== "object") {
                return stringifyIndent(key, value, stack, spacer, indentation);
              }
              if (value === null) {
                return "null";
              }
            }
            if (stack.indexOf(value) !== -1) {
              return circularValue;
            }
            const originalIndentation = indentation;
            if (Array.isArray(value)) {
              if (value.length === 0) {
                return "[]";
              }
              if (maximumDepth < stack.length + 1) {
                return '"[Array]"';
              }
              stack.push(value);
              indentation += spacer;
              let res2 = `
${indentation}`;
              const join4 = `,
${indentation}`;
              const maximumValuesToStringify = Math.min(value.length, maximumBreadth);
              let i = 0;
              for (; i < maximumValuesToStringify - 1; i++) {
                const tmp2 = stringifyIndent(String(i), value[i], stack, spacer, indentation);
                res2 += tmp2 !== void 0 ? tmp2 : "null";
                res2 += join4;
              }
              const tmp = stringifyIndent(String(i), value[i], stack, spacer, indentation);
              res2 += tmp !== void 0 ? tmp : "null";
              if (value.length - 1 > maximumBreadth) {
                const removedKeys = value.length - maximumBreadth - 1;
                res2 += `${join4}"... ${getItemCount(removedKeys)} not stringified"`;
              }
              res2 += `
${originalIndentation}`;
              stack.pop();
              return `[${res2}]`;
            }
            let keys = Object.keys(value);
            const keyLength = keys.length;
            if (keyLength === 0) {
              return "{}";
            }
            if (maximumDepth < stack.length + 1) {
              return '"[Object]"';
            }
            indentation += spacer;
            const join3 = `,
${indentation}`;
            let res = "";
            let separator = "";
            let maximumPropertiesToStringify = Math.min(keyLength, maximumBreadth);
            if (isTypedArrayWithEntries(value)) {
              res += stringifyTypedArray(value, join3, maximumBreadth);
              keys = keys.slice(value.length);
              maximumPropertiesToStringify -= value.length;
              separator = join3;
            }
            if (deterministic) {
              keys = sort(keys, comparator);
            }
            stack.push(value);
            for (let i = 0; i < maximumPropertiesToStringify; i++) {
              const key2 = keys[i];
              const tmp = stringifyIndent(key2, value[key2], stack, spacer, indentation);
              if (tmp !== void 0) {
                res += `${separator}${strEscape(key2)}: ${tmp}`;
                separator = join3;
              }
            }
            if (keyLength > maximumBreadth) {
              const removedKeys = keyLength - maximumBreadth;
              res += `${separator}"...": "${getItemCount(removedKeys)} not stringified"`;
              separator = join3;
            }
            if (separator !== "") {
              res = `
${indentation}${res}
${originalIndentation}`;
            }
            stack.pop();
            return `{${res}}`;
          }
          case "number":
            return isFinite(value) ? String(value) : fail ? fail(value) : "null";
          case "boolean":
            return value === true ? "true" : "false";
          case "undefined":
            return void 0;
          case "bigint":
            if (bigint) {
              return String(value);
            }
          // fallthrough
          default:
            return fail ? fail(value) : void 0;
        }
      }
      function stringifySimple(key, value, stack) {
        switch (typeof value) {
          case "string":
            return strEscape(value);
          case "object": {
            if (value === null) {
              return "null";
            }
            if (typeof value.toJSON === "function") {
              value = value.toJSON(key);
              if (typeof value !== "object") {
                return stringifySimple(key, value, stack);
              }
              if (value === null) {
                return "null";
              }
            }
            if (stack.indexOf(value) !== -1) {
              return circularValue;
            }
            let res = "";
            const hasLength = value.length !== void 0;
            if (hasLength && Array.isArray(value)) {
              if (value.length === 0) {
                return "[]";
              }
              if (maximumDepth < stack.length + 1) {
                return '"[Array]"';
              }
              stack.push(value);
              const maximumValuesToStringify = Math.min(value.length, maximumBreadth);
              let i = 0;
              for (; i < maximumValuesToStringify - 1; i++) {
                const tmp2 = stringifySimple(String(i), value[i], stack);
                res += tmp2 !== void 0 ? tmp2 : "null";
                res += ",";
              }
              const tmp = stringifySimple(String(i), value[i], stack);
              res += tmp !== void 0 ? tmp : "null";
              if (value.length - 1 > maximumBreadth) {
                const removedKeys = value.length - maximumBreadth - 1;
                res += `,"... ${getItemCount(removedKeys)} not stringified"`;
              }
              stack.pop();
              return `[${res}]`;
            }
            let keys = Object.keys(value);
            const keyLength = keys.length;
            if (keyLength === 0) {
              return "{}";
            }
            if (maximumDepth < stack.length + 1) {
              return '"[Object]"';
            }
            let separator = "";
            let maximumPropertiesToStringify = Math.min(keyLength, maximumBreadth);
            if (hasLength && isTypedArrayWithEntries(value)) {
              res += stringifyTypedArray(value, ",", maximumBreadth);
              keys = keys.slice(value.length);
              maximumPropertiesToStringify -= value.length;
              separator = ",";
            }
            if (deterministic) {
              keys = sort(keys, comparator);
            }
            stack.push(value);
            for (let i = 0; i < maximumPropertiesToStringify; i++) {
              const key2 = keys[i];
              const tmp = stringifySimple(key2, value[key2], stack);
              if (tmp !== void 0) {
                res += `${separator}${strEscape(key2)}:${tmp}`;
                separator = ",";
              }
            }
            if (keyLength > maximumBreadth) {
              const removedKeys = keyLength - maximumBreadth;
              res += `${separator}"...":"${getItemCount(removedKeys)} not stringified"`;
            }
            stack.pop();
            return `{${res}}`;
          }
          case "number":
            return isFinite(value) ? String(value) : fail ? fail(value) : "null";
          case "boolean":
            return value === true ? "true" : "false";
          case "undefined":
            return void 0;
          case "bigint":
            if (bigint) {
              return String(value);
            }
          // fallthrough
          default:
            return fail ? fail(value) : void 0;
        }
      }
      function stringify2(value, replacer, space) {
        if (arguments.length > 1) {
          let spacer = "";
          if (typeof space === "number") {
            spacer = " ".repeat(Math.min(space, 10));
          } else if (typeof space === "string") {
            spacer = space.slice(0, 10);
          }
          if (replacer != null) {
            if (typeof replacer === "function") {
              return stringifyFnReplacer("", { "": value }, [], replacer, spacer, "");
            }
            if (Array.isArray(replacer)) {
              return stringifyArrayReplacer("", value, [], getUniqueReplacerSet(replacer), spacer, "");
            }
          }
          if (spacer.length !== 0) {
            return stringifyIndent("", value, [], spacer, "");
          }
        }
        return stringifySimple("", value, []);
      }
      return stringify2;
    }
  }
});

// node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/multistream.js
var require_multistream = __commonJS({
  "node_modules/.pnpm/pino@10.4.0/node_modules/pino/lib/multistream.js"(exports, module) {
    "use strict";
    var metadata = /* @__PURE__ */ Symbol.for("pino.metadata");
    var { DEFAULT_LEVELS } = require_constants();
    var DEFAULT_INFO_LEVEL = DEFAULT_LEVELS.info;
    function multistream(streamsArray, opts) {
      streamsArray = streamsArray || [];
      opts = opts || { dedupe: false };
      const streamLevels = Object.create(DEFAULT_LEVELS);
      streamLevels.silent = Infinity;
      if (opts.levels && typeof opts.levels === "object") {
        Object.keys(opts.levels).forEach((i) => {
          streamLevels[i] = opts.levels[i];
        });
      }
      const res = {
        write,
        add: add2,
        remove,
        emit,
        flushSync,
        end: end2,
        minLevel: 0,
        lastId: 0,
        streams: [],
        clone,
        [metadata]: true,
        streamLevels
      };
      if (Array.isArray(streamsArray)) {
        streamsArray.forEach(add2, res);
      } else {
        add2.call(res, streamsArray);
      }
      streamsArray = null;
      return res;
      function write(data) {
        let dest;
        const level = typeof this.lastLevel === "string" ? (this.streamLevels || streamLevels)[this.lastLevel] : this.lastLevel;
        const { streams } = this;
        let recordedLevel = 0;
        let stream;
        for (let i = initLoopVar(streams.length, opts.dedupe); checkLoopVar(i, streams.length, opts.dedupe); i = adjustLoopVar(i, opts.dedupe)) {
          dest = streams[i];
          if (dest.level <= level) {
            if (recordedLevel !== 0 && recordedLevel !== dest.level) {
              break;
            }
            stream = dest.stream;
            if (stream[metadata]) {
              const { lastTime, lastMsg, lastObj, lastLogger } = this;
              stream.lastLevel = level;
              stream.lastTime = lastTime;
              stream.lastMsg = lastMsg;
              stream.lastObj = lastObj;
              stream.lastLogger = lastLogger;
            }
            stream.write(data);
            if (opts.dedupe) {
              recordedLevel = dest.level;
            }
          } else if (!opts.dedupe) {
            break;
          }
        }
      }
      function emit(...args) {
        for (const { stream } of this.streams) {
          if (typeof stream.emit === "function") {
            stream.emit(...args);
          }
        }
      }
      function flushSync() {
        for (const { stream } of this.streams) {
          if (typeof stream.flushSync === "function") {
            stream.flushSync();
          }
        }
      }
      function add2(dest) {
        if (!dest) {
          return this;
        }
        const isStream = typeof dest.write === "function" || dest.stream;
        const stream_ = dest.write ? dest : dest.stream;
        if (!isStream) {
          throw Error("stream object needs to implement either StreamEntry or DestinationStream interface");
        }
        const { streams, streamLevels: streamLevels2 } = this;
        let level;
        if (typeof dest.levelVal === "number") {
          level = dest.levelVal;
        } else if (typeof dest.level === "string") {
          level = streamLevels2[dest.level];
        } else if (typeof dest.level === "number") {
          level = dest.level;
        } else {
          level = DEFAULT_INFO_LEVEL;
        }
        const dest_ = {
          stream: stream_,
          level,
          levelVal: void 0,
          id: ++res.lastId
        };
        streams.unshift(dest_);
        streams.sort(compareByLevel);
        this.minLevel = streams[0].level;
        return this;
      }
      function remove(id) {
        const { streams } = this;
        const index = streams.findIndex((s) => s.id === id);
        if (index >= 0) {
          streams.splice(index, 1);
          streams.sort(compareByLevel);
          this.minLevel = streams.length > 0 ? streams[0].level : -1;
        }
        return this;
      }
      function end2() {
        for (const { stream } of this.streams) {
          if (typeof stream.flushSync === "function") {
            stream.flushSync();
          }
          stream.end();
        }
      }
      function clone(level) {
        const streams = new Array(this.streams.length);
        for (let i = 0; i < streams.length; i++) {
          streams[i] = {
            level,
            stream: this.streams[i].stream
          };
        }
        return {
          write,
          add: add2,
          remove,
          emit,
          flushSync,
          end: end2,
          minLevel: level,
          streams,
          clone,
          [metadata]: true,
          streamLevels
        };
      }
    }
    function compareByLevel(a, b) {
      return a.level - b.level;
    }
    function initLoopVar(length, dedupe) {
      return dedupe ? length - 1 : 0;
    }
    function adjustLoopVar(i, dedupe) {
      return dedupe ? i - 1 : i + 1;
    }
    function checkLoopVar(i, length, dedupe) {
      return dedupe ? i >= 0 : i < length;
    }
    module.exports = multistream;
  }
});

// node_modules/.pnpm/pino@10.4.0/node_modules/pino/pino.js
var require_pino = __commonJS({
  "node_modules/.pnpm/pino@10.4.0/node_modules/pino/pino.js"(exports, module) {
    "use strict";
    var os = __require("node:os");
    var stdSerializers = require_pino_std_serializers();
    var caller = require_caller();
    var redaction = require_redaction();
    var time2 = require_time();
    var proto = require_proto();
    var symbols = require_symbols();
    var { configure } = require_safe_stable_stringify();
    var { assertDefaultLevelFound, mappings, genLsCache, genLevelComparison, assertLevelComparison } = require_levels();
    var { DEFAULT_LEVELS, SORTING_ORDER } = require_constants();
    var {
      createArgsNormalizer,
      asChindings,
      buildSafeSonicBoom,
      buildFormatters,
      stringify,
      normalizeDestFileDescriptor,
      noop
    } = require_tools();
    var { version } = require_meta();
    var {
      chindingsSym,
      redactFmtSym,
      serializersSym,
      timeSym,
      timeSliceIndexSym,
      streamSym,
      stringifySym,
      stringifySafeSym,
      stringifiersSym,
      setLevelSym,
      endSym,
      formatOptsSym,
      messageKeySym,
      errorKeySym,
      nestedKeySym,
      mixinSym,
      levelCompSym,
      useOnlyCustomLevelsSym,
      formattersSym,
      hooksSym,
      nestedKeyStrSym,
      mixinMergeStrategySym,
      msgPrefixSym,
      transportUsesMultistreamSym
    } = symbols;
    var { epochTime, nullTime } = time2;
    var { pid } = process;
    var hostname3 = os.hostname();
    var defaultErrorSerializer = stdSerializers.err;
    var defaultOptions2 = {
      level: "info",
      levelComparison: SORTING_ORDER.ASC,
      levels: DEFAULT_LEVELS,
      messageKey: "msg",
      errorKey: "err",
      nestedKey: null,
      enabled: true,
      base: { pid, hostname: hostname3 },
      serializers: Object.assign(/* @__PURE__ */ Object.create(null), {
        err: defaultErrorSerializer
      }),
      formatters: Object.assign(/* @__PURE__ */ Object.create(null), {
        bindings(bindings) {
          return bindings;
        },
        level(label2, number) {
          return { level: number };
        }
      }),
      hooks: {
        logMethod: void 0,
        streamWrite: void 0
      },
      timestamp: epochTime,
      name: void 0,
      redact: null,
      customLevels: null,
      useOnlyCustomLevels: false,
      depthLimit: 5,
      edgeLimit: 100
    };
    var normalize = createArgsNormalizer(defaultOptions2);
    var serializers = Object.assign(/* @__PURE__ */ Object.create(null), stdSerializers);
    function pino2(...args) {
      const instance = {};
      const { opts, stream } = normalize(instance, caller(), ...args);
      if (opts.level && typeof opts.level === "string" && DEFAULT_LEVELS[opts.level.toLowerCase()] !== void 0) opts.level = opts.level.toLowerCase();
      const {
        redact,
        crlf,
        serializers: serializers2,
        timestamp,
        messageKey,
        errorKey,
        nestedKey,
        base,
        name,
        level,
        customLevels,
        levelComparison,
        mixin,
        mixinMergeStrategy,
        useOnlyCustomLevels,
        formatters,
        hooks,
        depthLimit,
        edgeLimit,
        onChild,
        msgPrefix
      } = opts;
      const stringifySafe = configure({
        maximumDepth: depthLimit,
        maximumBreadth: edgeLimit
      });
      const allFormatters = buildFormatters(
        formatters.level,
        formatters.bindings,
        formatters.log
      );
      const stringifyFn = stringify.bind({
        [stringifySafeSym]: stringifySafe
      });
      const stringifiers = redact ? Object.assign(/* @__PURE__ */ Object.create(null), redaction(redact, stringifyFn)) : /* @__PURE__ */ Object.create(null);
      const formatOpts = redact ? { stringify: stringifiers[redactFmtSym] } : { stringify: stringifyFn };
      const end2 = "}" + (crlf ? "\r\n" : "\n");
      const coreChindings = asChindings.bind(null, {
        [chindingsSym]: "",
        [serializersSym]: serializers2,
        [stringifiersSym]: stringifiers,
        [stringifySym]: stringify,
        [stringifySafeSym]: stringifySafe,
        [formattersSym]: allFormatters
      });
      let chindings = "";
      if (base !== null) {
        if (name === void 0) {
          chindings = coreChindings(base);
        } else {
          chindings = coreChindings(Object.assign({}, base, { name }));
        }
      }
      const time3 = timestamp instanceof Function ? timestamp : timestamp ? epochTime : nullTime;
      const timeSliceIndex = time3().indexOf(":") + 1;
      if (useOnlyCustomLevels && !customLevels) throw Error("customLevels is required if useOnlyCustomLevels is set true");
      if (mixin && typeof mixin !== "function") throw Error(`Unknown mixin type "${typeof mixin}" - expected "function"`);
      if (msgPrefix && typeof msgPrefix !== "string") throw Error(`Unknown msgPrefix type "${typeof msgPrefix}" - expected "string"`);
      assertDefaultLevelFound(level, customLevels, useOnlyCustomLevels);
      const levels = mappings(customLevels, useOnlyCustomLevels);
      if (stream && stream[transportUsesMultistreamSym] === true) {
        let sampleLabel = typeof level === "string" ? level : void 0;
        if (!sampleLabel || levels[sampleLabel] === void 0) {
          sampleLabel = Object.keys(levels)[0];
        }
        const sampleNumber = levels[sampleLabel];
        let ok = false;
        try {
          const formatted = formatters.level(sampleLabel, sampleNumber);
          ok = formatted && typeof formatted === "object" && formatted.level === sampleNumber;
        } catch {
          ok = false;
        }
        if (!ok) {
          process.emitWarning(
            'custom formatters.level detected with multiple transport targets/pipelines; ensure logs include a numeric "level" field or they may be dropped',
            { code: "PINO_TRANSPORT_MULTI_TARGETS_LEVEL_FORMATTER" }
          );
        }
      }
      if (typeof stream.emit === "function") {
        stream.emit("message", { code: "PINO_CONFIG", config: { levels, messageKey, errorKey } });
      }
      assertLevelComparison(levelComparison);
      const levelCompFunc = genLevelComparison(levelComparison);
      Object.assign(instance, {
        levels,
        [levelCompSym]: levelCompFunc,
        [useOnlyCustomLevelsSym]: useOnlyCustomLevels,
        [streamSym]: stream,
        [timeSym]: time3,
        [timeSliceIndexSym]: timeSliceIndex,
        [stringifySym]: stringify,
        [stringifySafeSym]: stringifySafe,
        [stringifiersSym]: stringifiers,
        [endSym]: end2,
        [formatOptsSym]: formatOpts,
        [messageKeySym]: messageKey,
        [errorKeySym]: errorKey,
        [nestedKeySym]: nestedKey,
        // protect against injection
        [nestedKeyStrSym]: nestedKey ? `,${JSON.stringify(nestedKey)}:{` : "",
        [serializersSym]: serializers2,
        [mixinSym]: mixin,
        [mixinMergeStrategySym]: mixinMergeStrategy,
        [chindingsSym]: chindings,
        [formattersSym]: allFormatters,
        [hooksSym]: hooks,
        silent: noop,
        onChild,
        [msgPrefixSym]: msgPrefix
      });
      Object.setPrototypeOf(instance, proto());
      genLsCache(instance);
      instance[setLevelSym](level);
      return instance;
    }
    module.exports = pino2;
    module.exports.destination = (dest = process.stdout.fd) => {
      if (typeof dest === "object") {
        dest.dest = normalizeDestFileDescriptor(dest.dest || process.stdout.fd);
        return buildSafeSonicBoom(dest);
      } else {
        return buildSafeSonicBoom({ dest: normalizeDestFileDescriptor(dest), minLength: 0 });
      }
    };
    module.exports.transport = require_transport();
    module.exports.multistream = require_multistream();
    module.exports.levels = mappings();
    module.exports.stdSerializers = serializers;
    module.exports.stdTimeFunctions = Object.assign({}, time2);
    module.exports.symbols = symbols;
    module.exports.version = version;
    module.exports.default = pino2;
    module.exports.pino = pino2;
  }
});

// apps/relay/entry.mjs
import { fileURLToPath } from "node:url";

// packages/crypto/src/cpace.ts
import { createHash } from "node:crypto";

// node_modules/.pnpm/@noble+hashes@2.4.0/node_modules/@noble/hashes/_u64.js
var U32_MASK64 = /* @__PURE__ */ (() => BigInt(2 ** 32 - 1))();
var _32n = /* @__PURE__ */ BigInt(32);
function fromBig(n, le = false) {
  if (le)
    return { h: Number(n & U32_MASK64), l: Number(n >> _32n & U32_MASK64) };
  return { h: Number(n >> _32n & U32_MASK64) | 0, l: Number(n & U32_MASK64) | 0 };
}
function split(lst, le = false) {
  const len = lst.length;
  let Ah = new Uint32Array(len);
  let Al = new Uint32Array(len);
  for (let i = 0; i < len; i++) {
    const { h, l } = fromBig(lst[i], le);
    [Ah[i], Al[i]] = [h, l];
  }
  return [Ah, Al];
}
var fromNumH = (n) => n / 2 ** 32 | 0;
var fromNumL = (n) => n >>> 0;
function setU64FromNum(view, byteOffset, n, isLE) {
  const h = fromNumH(n);
  const l = fromNumL(n);
  view.setUint32(byteOffset, isLE ? l : h, isLE);
  view.setUint32(byteOffset + 4, isLE ? h : l, isLE);
}
var shrSH = (h, _l, s) => h >>> s;
var shrSL = (h, l, s) => h << 32 - s | l >>> s;
var rotrSH = (h, l, s) => h >>> s | l << 32 - s;
var rotrSL = (h, l, s) => h << 32 - s | l >>> s;
var rotrBH = (h, l, s) => h << 64 - s | l >>> s - 32;
var rotrBL = (h, l, s) => h >>> s - 32 | l << 64 - s;
function add(Ah, Al, Bh, Bl) {
  const l = (Al >>> 0) + (Bl >>> 0);
  return { h: Ah + Bh + (l / 2 ** 32 | 0) | 0, l: l | 0 };
}
var add3L = (Al, Bl, Cl) => (Al >>> 0) + (Bl >>> 0) + (Cl >>> 0);
var add3H = (low, Ah, Bh, Ch) => Ah + Bh + Ch + (low / 2 ** 32 | 0) | 0;
var add4L = (Al, Bl, Cl, Dl) => (Al >>> 0) + (Bl >>> 0) + (Cl >>> 0) + (Dl >>> 0);
var add4H = (low, Ah, Bh, Ch, Dh) => Ah + Bh + Ch + Dh + (low / 2 ** 32 | 0) | 0;
var add5L = (Al, Bl, Cl, Dl, El) => (Al >>> 0) + (Bl >>> 0) + (Cl >>> 0) + (Dl >>> 0) + (El >>> 0);
var add5H = (low, Ah, Bh, Ch, Dh, Eh) => Ah + Bh + Ch + Dh + Eh + (low / 2 ** 32 | 0) | 0;

// node_modules/.pnpm/@noble+hashes@2.4.0/node_modules/@noble/hashes/utils.js
function isBytes(a) {
  return a instanceof Uint8Array || ArrayBuffer.isView(a) && a.constructor.name === "Uint8Array" && "BYTES_PER_ELEMENT" in a && a.BYTES_PER_ELEMENT === 1;
}
var atitle = (title) => title ? `"${title}" ` : "";
function anumber(n, title = "") {
  if (typeof n !== "number")
    throw new TypeError(atitle(title) + "expected number, got " + typeof n);
  if (!Number.isSafeInteger(n) || n < 0)
    throw new RangeError(atitle(title) + "expected integer >= 0, got " + n);
  return n;
}
function abytes(value, length, title = "") {
  if (isBytes(value) && (length === void 0 || value.length === length))
    return value;
  if (length !== void 0)
    anumber(length, "length");
  const bytes = isBytes(value);
  const ofLen = length !== void 0 ? ` of length ${length}` : "";
  const got = bytes ? `length=${value.length}` : `type=${typeof value}`;
  const message2 = atitle(title) + "expected Uint8Array" + ofLen + ", got " + got;
  if (!bytes)
    throw new TypeError(message2);
  throw new RangeError(message2);
}
var aobject = (value, label2) => {
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw new TypeError((label2 === "object" ? "" : `"${label2}" `) + "expected object, got type=" + typeof value);
};
var aopts = (value, label2) => {
  aobject(value, label2);
  const proto = Object.getPrototypeOf(value);
  if (proto !== Object.prototype && proto !== null)
    throw new TypeError(`"${label2}" expected plain object`);
  if (Object.hasOwn(value, "__proto__"))
    throw new TypeError(`"${label2}.__proto__" is not allowed`);
};
function aexists(instance, checkFinished = true) {
  if (instance.destroyed)
    throw new Error("hash was destroyed");
  if (checkFinished && instance.finished)
    throw new Error("digest() was already called");
}
function aoutput(out, instance) {
  abytes(out, void 0, "output");
  const min = instance.outputLen;
  if (!(out.length >= min)) {
    throw new RangeError('"output" expected length >= ' + min);
  }
}
function clean(...arrays) {
  for (let i = 0; i < arrays.length; i++) {
    arrays[i].fill(0);
  }
}
function createView(arr) {
  return new DataView(arr.buffer, arr.byteOffset, arr.byteLength);
}
var hasHexBuiltin = /* @__PURE__ */ (() => (
  // @ts-ignore
  typeof Uint8Array.from([]).toHex === "function" && typeof Uint8Array.fromHex === "function"
))();
var hexes = /* @__PURE__ */ Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));
function bytesToHex(bytes) {
  abytes(bytes);
  if (hasHexBuiltin)
    return bytes.toHex();
  let hex = "";
  for (let i = 0; i < bytes.length; i++) {
    hex += hexes[bytes[i]];
  }
  return hex;
}
function asciiToBase16(ch) {
  return ch >= 48 && ch <= 57 ? ch - 48 : ch >= 65 && ch <= 70 ? ch - (65 - 10) : ch >= 97 && ch <= 102 ? ch - (97 - 10) : void 0;
}
function hexToBytes(hex) {
  if (typeof hex !== "string")
    throw new TypeError("hex string expected, got " + typeof hex);
  if (hasHexBuiltin) {
    try {
      return Uint8Array.fromHex(hex);
    } catch (error) {
      if (error instanceof SyntaxError)
        throw new RangeError(error.message);
      throw error;
    }
  }
  const hl = hex.length;
  const al = hl / 2;
  if (hl % 2)
    throw new RangeError("hex string expected, got unpadded hex of length " + hl);
  const array = new Uint8Array(al);
  for (let ai = 0, hi = 0; ai < al; ai++, hi += 2) {
    const n1 = asciiToBase16(hex.charCodeAt(hi));
    const n2 = asciiToBase16(hex.charCodeAt(hi + 1));
    if (n1 === void 0 || n2 === void 0) {
      const char = hex[hi] + hex[hi + 1];
      throw new RangeError('hex string expected, got non-hex character "' + char + '" at index ' + hi);
    }
    array[ai] = n1 * 16 + n2;
  }
  return array;
}
function concatBytes(...arrays) {
  let sum = 0;
  for (let i = 0; i < arrays.length; i++) {
    const a = arrays[i];
    abytes(a);
    sum += a.length;
  }
  const res = new Uint8Array(sum);
  for (let i = 0, pad = 0; i < arrays.length; i++) {
    const a = arrays[i];
    res.set(a, pad);
    pad += a.length;
  }
  return res;
}
function checkOpts(defaults, opts, title = "opts") {
  aopts(defaults, "defaults");
  if (opts !== void 0)
    aopts(opts, title);
  const merged = Object.assign(/* @__PURE__ */ Object.create(null), defaults, opts);
  return merged;
}
function createHasher(hashCons, info = {}) {
  if (typeof hashCons !== "function")
    throw new TypeError('"hashCons" expected function, got type=' + typeof hashCons);
  info = checkOpts({}, info, "info");
  const hashC = (msg, opts) => hashCons(opts).update(msg).digest();
  const tmp = hashCons(void 0);
  hashC.outputLen = tmp.outputLen;
  hashC.blockLen = tmp.blockLen;
  hashC.canXOF = tmp.canXOF;
  hashC.create = (opts) => hashCons(opts);
  Object.assign(hashC, info);
  return Object.freeze(hashC);
}
function randomBytes(bytesLength = 32) {
  anumber(bytesLength, "bytesLength");
  const cr = typeof globalThis === "object" ? globalThis.crypto : null;
  if (typeof cr?.getRandomValues !== "function")
    throw new Error("crypto.getRandomValues must be defined");
  if (bytesLength > 65536)
    throw new RangeError(`"bytesLength" expected <= 65536, got ${bytesLength}`);
  return cr.getRandomValues(new Uint8Array(bytesLength));
}
var oidNist = (suffix) => ({
  // Current NIST hashAlgs suffixes used here fit in one DER subidentifier octet.
  // Larger suffix values would need base-128 OID encoding and a different length byte.
  oid: Uint8Array.from([6, 9, 96, 134, 72, 1, 101, 3, 4, 2, suffix])
});

// node_modules/.pnpm/@noble+hashes@2.4.0/node_modules/@noble/hashes/_md.js
var HashMD = class {
  blockLen;
  outputLen;
  canXOF = false;
  padOffset;
  isLE;
  // For partial updates less than block size
  buffer;
  view;
  finished = false;
  length = 0;
  pos = 0;
  destroyed = false;
  constructor(blockLen, outputLen, padOffset, isLE) {
    this.blockLen = blockLen;
    this.outputLen = outputLen;
    this.padOffset = padOffset;
    this.isLE = isLE;
    this.buffer = new Uint8Array(blockLen);
    this.view = createView(this.buffer);
  }
  update(data) {
    aexists(this);
    abytes(data);
    const { view, buffer, blockLen } = this;
    const len = data.length;
    let processed = false;
    for (let pos = 0; pos < len; ) {
      const take = Math.min(blockLen - this.pos, len - pos);
      if (take === blockLen) {
        const dataView2 = createView(data);
        for (; blockLen <= len - pos; pos += blockLen)
          this.process(dataView2, pos);
        processed = true;
        continue;
      }
      buffer.set(pos === 0 && take === len ? data : data.subarray(pos, pos + take), this.pos);
      this.pos += take;
      pos += take;
      if (this.pos === blockLen) {
        this.process(view, 0);
        this.pos = 0;
        processed = true;
      }
    }
    this.length += data.length;
    if (processed)
      this.roundClean();
    return this;
  }
  digestInto(out) {
    aexists(this);
    aoutput(out, this);
    this.finished = true;
    const { buffer, view, blockLen, isLE } = this;
    let { pos } = this;
    buffer[pos++] = 128;
    buffer.fill(0, pos);
    if (this.padOffset > blockLen - pos) {
      this.process(view, 0);
      buffer.fill(0);
    }
    setU64FromNum(view, blockLen - 8, this.length * 8, isLE);
    this.process(view, 0);
    this.roundClean();
    const oview = out === buffer ? view : createView(out);
    const len = this.outputLen;
    const outLen = len / 4;
    const state = this.get();
    if (len % 4 || outLen > state.length)
      throw new Error("invalid outputLen");
    for (let i = 0; i < outLen; i++)
      oview.setUint32(4 * i, state[i], isLE);
  }
  digest() {
    const { buffer, outputLen } = this;
    this.digestInto(buffer);
    const res = buffer.slice(0, outputLen);
    this.destroy();
    return res;
  }
  _cloneIntoMeta(to) {
    const { buffer, length, finished, destroyed, pos } = this;
    to.destroyed = destroyed;
    to.finished = finished;
    to.length = length;
    to.pos = pos;
    if (pos)
      to.buffer.set(buffer);
    return to;
  }
  clone() {
    return this._cloneInto();
  }
};
var SHA512_IV = /* @__PURE__ */ Uint32Array.from([
  1779033703,
  4089235720,
  3144134277,
  2227873595,
  1013904242,
  4271175723,
  2773480762,
  1595750129,
  1359893119,
  2917565137,
  2600822924,
  725511199,
  528734635,
  4215389547,
  1541459225,
  327033209
]);

// node_modules/.pnpm/@noble+hashes@2.4.0/node_modules/@noble/hashes/sha2.js
var K512 = /* @__PURE__ */ (() => split([
  "0x428a2f98d728ae22",
  "0x7137449123ef65cd",
  "0xb5c0fbcfec4d3b2f",
  "0xe9b5dba58189dbbc",
  "0x3956c25bf348b538",
  "0x59f111f1b605d019",
  "0x923f82a4af194f9b",
  "0xab1c5ed5da6d8118",
  "0xd807aa98a3030242",
  "0x12835b0145706fbe",
  "0x243185be4ee4b28c",
  "0x550c7dc3d5ffb4e2",
  "0x72be5d74f27b896f",
  "0x80deb1fe3b1696b1",
  "0x9bdc06a725c71235",
  "0xc19bf174cf692694",
  "0xe49b69c19ef14ad2",
  "0xefbe4786384f25e3",
  "0x0fc19dc68b8cd5b5",
  "0x240ca1cc77ac9c65",
  "0x2de92c6f592b0275",
  "0x4a7484aa6ea6e483",
  "0x5cb0a9dcbd41fbd4",
  "0x76f988da831153b5",
  "0x983e5152ee66dfab",
  "0xa831c66d2db43210",
  "0xb00327c898fb213f",
  "0xbf597fc7beef0ee4",
  "0xc6e00bf33da88fc2",
  "0xd5a79147930aa725",
  "0x06ca6351e003826f",
  "0x142929670a0e6e70",
  "0x27b70a8546d22ffc",
  "0x2e1b21385c26c926",
  "0x4d2c6dfc5ac42aed",
  "0x53380d139d95b3df",
  "0x650a73548baf63de",
  "0x766a0abb3c77b2a8",
  "0x81c2c92e47edaee6",
  "0x92722c851482353b",
  "0xa2bfe8a14cf10364",
  "0xa81a664bbc423001",
  "0xc24b8b70d0f89791",
  "0xc76c51a30654be30",
  "0xd192e819d6ef5218",
  "0xd69906245565a910",
  "0xf40e35855771202a",
  "0x106aa07032bbd1b8",
  "0x19a4c116b8d2d0c8",
  "0x1e376c085141ab53",
  "0x2748774cdf8eeb99",
  "0x34b0bcb5e19b48a8",
  "0x391c0cb3c5c95a63",
  "0x4ed8aa4ae3418acb",
  "0x5b9cca4f7763e373",
  "0x682e6ff3d6b2b8a3",
  "0x748f82ee5defb2fc",
  "0x78a5636f43172f60",
  "0x84c87814a1f0ab72",
  "0x8cc702081a6439ec",
  "0x90befffa23631e28",
  "0xa4506cebde82bde9",
  "0xbef9a3f7b2c67915",
  "0xc67178f2e372532b",
  "0xca273eceea26619c",
  "0xd186b8c721c0c207",
  "0xeada7dd6cde0eb1e",
  "0xf57d4f7fee6ed178",
  "0x06f067aa72176fba",
  "0x0a637dc5a2c898a6",
  "0x113f9804bef90dae",
  "0x1b710b35131c471b",
  "0x28db77f523047d84",
  "0x32caab7b40c72493",
  "0x3c9ebe0a15c9bebc",
  "0x431d67c49c100d4c",
  "0x4cc5d4becb3e42b6",
  "0x597f299cfc657e2a",
  "0x5fcb6fab3ad6faec",
  "0x6c44198c4a475817"
].map((n) => BigInt(n))))();
var SHA512_Kh = /* @__PURE__ */ (() => K512[0])();
var SHA512_Kl = /* @__PURE__ */ (() => K512[1])();
var SHA512_W_H = /* @__PURE__ */ new Uint32Array(80);
var SHA512_W_L = /* @__PURE__ */ new Uint32Array(80);
var SHA2_64B = class extends HashMD {
  // We cannot use array here since array allows indexing by variable
  // which means optimizer/compiler cannot use registers.
  // h -- high 32 bits, l -- low 32 bits
  // Numeric initializers matter: starting the fields as `undefined` changes
  // V8's field representation and slows hashing down (measured on sha256).
  Ah = 0;
  Al = 0;
  Bh = 0;
  Bl = 0;
  Ch = 0;
  Cl = 0;
  Dh = 0;
  Dl = 0;
  Eh = 0;
  El = 0;
  Fh = 0;
  Fl = 0;
  Gh = 0;
  Gl = 0;
  Hh = 0;
  Hl = 0;
  constructor(outputLen, IV) {
    super(128, outputLen, 16, false);
    this.Ah = IV[0] | 0;
    this.Al = IV[1] | 0;
    this.Bh = IV[2] | 0;
    this.Bl = IV[3] | 0;
    this.Ch = IV[4] | 0;
    this.Cl = IV[5] | 0;
    this.Dh = IV[6] | 0;
    this.Dl = IV[7] | 0;
    this.Eh = IV[8] | 0;
    this.El = IV[9] | 0;
    this.Fh = IV[10] | 0;
    this.Fl = IV[11] | 0;
    this.Gh = IV[12] | 0;
    this.Gl = IV[13] | 0;
    this.Hh = IV[14] | 0;
    this.Hl = IV[15] | 0;
  }
  // prettier-ignore
  get() {
    const { Ah, Al, Bh, Bl, Ch, Cl, Dh, Dl, Eh, El, Fh, Fl, Gh, Gl, Hh, Hl } = this;
    return [Ah, Al, Bh, Bl, Ch, Cl, Dh, Dl, Eh, El, Fh, Fl, Gh, Gl, Hh, Hl];
  }
  // prettier-ignore
  set(Ah, Al, Bh, Bl, Ch, Cl, Dh, Dl, Eh, El, Fh, Fl, Gh, Gl, Hh, Hl) {
    this.Ah = Ah | 0;
    this.Al = Al | 0;
    this.Bh = Bh | 0;
    this.Bl = Bl | 0;
    this.Ch = Ch | 0;
    this.Cl = Cl | 0;
    this.Dh = Dh | 0;
    this.Dl = Dl | 0;
    this.Eh = Eh | 0;
    this.El = El | 0;
    this.Fh = Fh | 0;
    this.Fl = Fl | 0;
    this.Gh = Gh | 0;
    this.Gl = Gl | 0;
    this.Hh = Hh | 0;
    this.Hl = Hl | 0;
  }
  _cloneInto(to) {
    (to ||= new this.constructor()).set(...this.get());
    return this._cloneIntoMeta(to);
  }
  process(view, offset) {
    for (let i = 0; i < 16; i++, offset += 4) {
      SHA512_W_H[i] = view.getUint32(offset);
      SHA512_W_L[i] = view.getUint32(offset += 4);
    }
    for (let i = 16; i < 80; i++) {
      const W15h = SHA512_W_H[i - 15] | 0;
      const W15l = SHA512_W_L[i - 15] | 0;
      const s0h = rotrSH(W15h, W15l, 1) ^ rotrSH(W15h, W15l, 8) ^ shrSH(W15h, W15l, 7);
      const s0l = rotrSL(W15h, W15l, 1) ^ rotrSL(W15h, W15l, 8) ^ shrSL(W15h, W15l, 7);
      const W2h = SHA512_W_H[i - 2] | 0;
      const W2l = SHA512_W_L[i - 2] | 0;
      const s1h = rotrSH(W2h, W2l, 19) ^ rotrBH(W2h, W2l, 61) ^ shrSH(W2h, W2l, 6);
      const s1l = rotrSL(W2h, W2l, 19) ^ rotrBL(W2h, W2l, 61) ^ shrSL(W2h, W2l, 6);
      const SUMl = add4L(s0l, s1l, SHA512_W_L[i - 7], SHA512_W_L[i - 16]);
      const SUMh = add4H(SUMl, s0h, s1h, SHA512_W_H[i - 7], SHA512_W_H[i - 16]);
      SHA512_W_H[i] = SUMh | 0;
      SHA512_W_L[i] = SUMl | 0;
    }
    let { Ah, Al, Bh, Bl, Ch, Cl, Dh, Dl, Eh, El, Fh, Fl, Gh, Gl, Hh, Hl } = this;
    for (let i = 0; i < 80; i++) {
      const sigma1h = rotrSH(Eh, El, 14) ^ rotrSH(Eh, El, 18) ^ rotrBH(Eh, El, 41);
      const sigma1l = rotrSL(Eh, El, 14) ^ rotrSL(Eh, El, 18) ^ rotrBL(Eh, El, 41);
      const CHIh = Eh & Fh ^ ~Eh & Gh;
      const CHIl = El & Fl ^ ~El & Gl;
      const T1ll = add5L(Hl, sigma1l, CHIl, SHA512_Kl[i], SHA512_W_L[i]);
      const T1h = add5H(T1ll, Hh, sigma1h, CHIh, SHA512_Kh[i], SHA512_W_H[i]);
      const T1l = T1ll | 0;
      const sigma0h = rotrSH(Ah, Al, 28) ^ rotrBH(Ah, Al, 34) ^ rotrBH(Ah, Al, 39);
      const sigma0l = rotrSL(Ah, Al, 28) ^ rotrBL(Ah, Al, 34) ^ rotrBL(Ah, Al, 39);
      const MAJh = Ah & Bh ^ Ah & Ch ^ Bh & Ch;
      const MAJl = Al & Bl ^ Al & Cl ^ Bl & Cl;
      Hh = Gh | 0;
      Hl = Gl | 0;
      Gh = Fh | 0;
      Gl = Fl | 0;
      Fh = Eh | 0;
      Fl = El | 0;
      ({ h: Eh, l: El } = add(Dh | 0, Dl | 0, T1h | 0, T1l | 0));
      Dh = Ch | 0;
      Dl = Cl | 0;
      Ch = Bh | 0;
      Cl = Bl | 0;
      Bh = Ah | 0;
      Bl = Al | 0;
      const All = add3L(T1l, sigma0l, MAJl);
      Ah = add3H(All, T1h, sigma0h, MAJh);
      Al = All | 0;
    }
    ({ h: Ah, l: Al } = add(this.Ah | 0, this.Al | 0, Ah | 0, Al | 0));
    ({ h: Bh, l: Bl } = add(this.Bh | 0, this.Bl | 0, Bh | 0, Bl | 0));
    ({ h: Ch, l: Cl } = add(this.Ch | 0, this.Cl | 0, Ch | 0, Cl | 0));
    ({ h: Dh, l: Dl } = add(this.Dh | 0, this.Dl | 0, Dh | 0, Dl | 0));
    ({ h: Eh, l: El } = add(this.Eh | 0, this.El | 0, Eh | 0, El | 0));
    ({ h: Fh, l: Fl } = add(this.Fh | 0, this.Fl | 0, Fh | 0, Fl | 0));
    ({ h: Gh, l: Gl } = add(this.Gh | 0, this.Gl | 0, Gh | 0, Gl | 0));
    ({ h: Hh, l: Hl } = add(this.Hh | 0, this.Hl | 0, Hh | 0, Hl | 0));
    this.set(Ah, Al, Bh, Bl, Ch, Cl, Dh, Dl, Eh, El, Fh, Fl, Gh, Gl, Hh, Hl);
  }
  roundClean() {
    clean(SHA512_W_H, SHA512_W_L);
  }
  destroy() {
    this.destroyed = true;
    clean(this.buffer);
    this.set(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  }
};
var _SHA512 = class extends SHA2_64B {
  constructor() {
    super(64, SHA512_IV);
  }
};
var sha512 = /* @__PURE__ */ createHasher(
  () => new _SHA512(),
  /* @__PURE__ */ oidNist(3)
);

// node_modules/.pnpm/@noble+curves@2.4.0/node_modules/@noble/curves/utils.js
function aarray(item, title, inner = () => {
}) {
  if (!Array.isArray(item))
    throw new TypeError(`"${title}" expected array, got type=${typeof item}`);
  for (let i = 0; i < item.length; i++)
    inner(item[i], `${title}[${i}]`);
  return item;
}
var abytes2 = (value, length, title) => abytes(value, length, title);
var anumber2 = anumber;
function aobject2(value, title = "object") {
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw new TypeError(title === "object" ? "expected valid options object" : `"${title}" expected object, got type=${typeof value}`);
  return value;
}
function afunction(value, title) {
  if (typeof value !== "function")
    throw new TypeError(`"${title}" is invalid: expected function, got ${typeof value}`);
  return value;
}
var bytesToHex2 = bytesToHex;
var concatBytes2 = (...arrays) => concatBytes(...arrays);
var hexToBytes2 = (hex) => hexToBytes(hex);
var isBytes2 = isBytes;
var randomBytes2 = (bytesLength) => randomBytes(bytesLength);
var _0n = /* @__PURE__ */ BigInt(0);
var _1n = /* @__PURE__ */ BigInt(1);
var atitle2 = (title) => title ? `"${title}" ` : "";
function abool(value, title = "") {
  if (typeof value !== "boolean")
    throw new TypeError(atitle2(title) + "expected boolean, got type=" + typeof value);
  return value;
}
function abignumber(n) {
  if (typeof n === "bigint") {
    if (!isPosBig(n))
      throw new RangeError("positive bigint expected, got " + n);
  } else
    anumber2(n);
  return n;
}
function asafenumber(value, title = "") {
  if (typeof value !== "number") {
    const prefix = title && `"${title}" `;
    throw new TypeError(prefix + "expected number, got type=" + typeof value);
  }
  if (!Number.isSafeInteger(value)) {
    const prefix = title && `"${title}" `;
    throw new RangeError(prefix + "expected safe integer, got " + value);
  }
}
function hexToNumber(hex) {
  if (typeof hex !== "string")
    throw new TypeError("hex string expected, got " + typeof hex);
  return hex === "" ? _0n : BigInt("0x" + hex);
}
function bytesToNumberBE(bytes) {
  return hexToNumber(bytesToHex(bytes));
}
function bytesToNumberLE(bytes) {
  return hexToNumber(bytesToHex(copyBytes(abytes(bytes)).reverse()));
}
function numberToBytesBE(n, len) {
  anumber(len);
  if (len === 0)
    throw new Error("zero output length is invalid");
  n = abignumber(n);
  const expectedLen = len * 2;
  const hex = n.toString(16);
  if (hex.length > expectedLen)
    throw new RangeError("number is too large");
  return hexToBytes(hex.padStart(expectedLen, "0"));
}
function numberToBytesLE(n, len) {
  return numberToBytesBE(n, len).reverse();
}
function equalBytes(a, b) {
  a = abytes2(a);
  b = abytes2(b);
  if (a.length !== b.length)
    return false;
  let diff = 0;
  for (let i = 0; i < a.length; i++)
    diff |= a[i] ^ b[i];
  return diff === 0;
}
function copyBytes(bytes) {
  return Uint8Array.from(abytes2(bytes));
}
function asciiToBytes(ascii) {
  if (typeof ascii !== "string")
    throw new TypeError("ascii string expected, got " + typeof ascii);
  return Uint8Array.from(ascii, (c, i) => {
    const charCode = c.charCodeAt(0);
    if (c.length !== 1 || charCode > 127) {
      throw new RangeError(`string contains non-ASCII character "${ascii[i]}" with code ${charCode} at position ${i}`);
    }
    return charCode;
  });
}
function isPosBig(n) {
  return typeof n === "bigint" && _0n <= n;
}
function inRange(n, min, max) {
  return isPosBig(n) && isPosBig(min) && isPosBig(max) && min <= n && n < max;
}
function aInRange(title, n, min, max) {
  if (!inRange(n, min, max))
    throw new RangeError("expected valid " + title + ": " + min + " <= n < " + max + ", got " + n);
}
function bitLen(n) {
  if (n < _0n)
    throw new Error("expected non-negative bigint, got " + n);
  return n === _0n ? 0 : n.toString(2).length;
}
var bitMask = (n) => {
  asafenumber(n, "n");
  return (_1n << BigInt(n)) - _1n;
};
function validateObject(object, fields = {}, optFields = {}, title = "object") {
  aobject2(object, title);
  aobject2(fields, "fields");
  aobject2(optFields, "optFields");
  function checkField(fieldName, expectedType, isOpt) {
    const label2 = title === "object" ? `param "${String(fieldName)}"` : `"${title}.${String(fieldName)}"`;
    const val = object[fieldName];
    if (!Object.hasOwn(object, fieldName) && (isOpt ? val !== void 0 : expectedType !== "function")) {
      throw new TypeError(`${label2} is invalid: expected own property`);
    }
    if (isOpt && val === void 0)
      return;
    const current = typeof val;
    if (current !== expectedType || val === null)
      throw new TypeError(`${label2} is invalid: expected ${expectedType}, got ${current}`);
  }
  const iter = (f, isOpt) => Object.entries(f).forEach(([k, v]) => checkField(k, v, isOpt));
  iter(fields, false);
  iter(optFields, true);
}
var notImplemented = () => {
  throw new Error("not implemented");
};

// node_modules/.pnpm/@noble+curves@2.4.0/node_modules/@noble/curves/abstract/modular.js
var _0n2 = /* @__PURE__ */ BigInt(0);
var _1n2 = /* @__PURE__ */ BigInt(1);
var _2n = /* @__PURE__ */ BigInt(2);
var _3n = /* @__PURE__ */ BigInt(3);
var _4n = /* @__PURE__ */ BigInt(4);
var _5n = /* @__PURE__ */ BigInt(5);
var _7n = /* @__PURE__ */ BigInt(7);
var _8n = /* @__PURE__ */ BigInt(8);
var _9n = /* @__PURE__ */ BigInt(9);
var _15n = /* @__PURE__ */ BigInt(15);
var _16n = /* @__PURE__ */ BigInt(16);
var POW_WINDOWED_MIN = /* @__PURE__ */ BigInt("0x10000000000000000");
function mod(a, b) {
  if (b <= _0n2)
    throw new Error("mod: expected positive modulus, got " + b);
  const result = a % b;
  return result >= _0n2 ? result : b + result;
}
function pow(num, power, modulo) {
  if (modulo <= _1n2)
    throw new Error("pow: expected modulus > 1, got " + modulo);
  if (typeof power !== "bigint")
    throw new TypeError("invalid exponent: expected bigint, got " + typeof power);
  if (power < _0n2)
    throw new Error("invalid exponent, negatives unsupported");
  if (power === _0n2)
    return _1n2;
  if (power === _1n2)
    return num;
  let d = num % modulo;
  if (d < _0n2)
    d += modulo;
  if (power < POW_WINDOWED_MIN) {
    let p2 = _1n2;
    while (power > _0n2) {
      if (power & _1n2)
        p2 = p2 * d % modulo;
      d = d * d % modulo;
      power >>= _1n2;
    }
    return p2;
  }
  const digits = [];
  while (power > _0n2) {
    digits.push(Number(power & _15n));
    power >>= _4n;
  }
  const table2 = new Array(16);
  table2[0] = _1n2;
  table2[1] = d;
  for (let i = 2; i < 16; i++)
    table2[i] = table2[i - 1] * d % modulo;
  let p = table2[digits[digits.length - 1]];
  for (let w = digits.length - 2; w >= 0; w--) {
    p = p * p % modulo;
    p = p * p % modulo;
    p = p * p % modulo;
    p = p * p % modulo;
    const digit = digits[w];
    if (digit !== 0)
      p = p * table2[digit] % modulo;
  }
  return p;
}
function pow2(x, power, modulo) {
  if (modulo <= _1n2)
    throw new Error("pow2: expected modulus > 1, got " + modulo);
  if (power < _0n2)
    throw new Error("pow2: expected non-negative exponent, got " + power);
  let res = x;
  while (power-- > _0n2) {
    res *= res;
    res %= modulo;
  }
  return res;
}
function invert(number, modulo) {
  if (number === _0n2)
    throw new Error("invert: expected non-zero number");
  if (modulo <= _1n2)
    throw new Error("invert: expected modulus > 1, got " + modulo);
  let a = mod(number, modulo);
  let b = modulo;
  let x = _0n2, u = _1n2;
  while (a !== _0n2) {
    const q = b / a;
    const r = b - a * q;
    const m = x - u * q;
    b = a, a = r, x = u, u = m;
  }
  const gcd = b;
  if (gcd !== _1n2)
    throw new Error("invert: does not exist");
  return mod(x, modulo);
}
function assertIsSquare(Fp2, root, n) {
  const F = Fp2;
  if (!F.eql(F.sqr(root), n))
    throw new Error("Cannot find square root");
}
function aoddModulus(order, fnName) {
  if ((order & _1n2) === _0n2)
    throw new Error(fnName + ": expected odd modulus, got " + order);
}
function sqrt3mod4(Fp2, n) {
  const F = Fp2;
  const p1div4 = (F.ORDER + _1n2) / _4n;
  const root = F.pow(n, p1div4);
  assertIsSquare(F, root, n);
  return root;
}
function sqrt5mod8(Fp2, n) {
  const F = Fp2;
  const p5div8 = (F.ORDER - _5n) / _8n;
  const n2 = F.mul(n, _2n);
  const v = F.pow(n2, p5div8);
  const nv = F.mul(n, v);
  const i = F.mul(F.mul(nv, _2n), v);
  const root = F.mul(nv, F.sub(i, F.ONE));
  assertIsSquare(F, root, n);
  return root;
}
function sqrt9mod16(P) {
  const Fp_ = Field(P);
  const tn = tonelliShanks(P);
  const c1 = tn(Fp_, Fp_.neg(Fp_.ONE));
  const c2 = tn(Fp_, c1);
  const c3 = tn(Fp_, Fp_.neg(c1));
  const c4 = (P + _7n) / _16n;
  return ((Fp2, n) => {
    const F = Fp2;
    let tv1 = F.pow(n, c4);
    let tv2 = F.mul(tv1, c1);
    const tv3 = F.mul(tv1, c2);
    const tv4 = F.mul(tv1, c3);
    const e1 = F.eql(F.sqr(tv2), n);
    const e2 = F.eql(F.sqr(tv3), n);
    tv1 = F.cmov(tv1, tv2, e1);
    tv2 = F.cmov(tv4, tv3, e2);
    const e3 = F.eql(F.sqr(tv2), n);
    const root = F.cmov(tv1, tv2, e3);
    assertIsSquare(F, root, n);
    return root;
  });
}
function tonelliShanks(P) {
  if (P < _3n)
    throw new Error("sqrt is not defined for small field");
  aoddModulus(P, "tonelliShanks");
  let Q = P - _1n2;
  let S = 0;
  while (Q % _2n === _0n2) {
    Q /= _2n;
    S++;
  }
  let Z = _2n;
  const _Fp = Field(P);
  while (FpLegendre(_Fp, Z) === 1) {
    if (Z++ > 1e3)
      throw new Error("Cannot find square root: probably non-prime P");
  }
  if (S === 1)
    return sqrt3mod4;
  let cc = _Fp.pow(Z, Q);
  const Q1div2 = (Q + _1n2) / _2n;
  return function tonelliSlow(Fp2, n) {
    const F = Fp2;
    if (F.is0(n))
      return n;
    if (FpLegendre(F, n) !== 1)
      throw new Error("Cannot find square root");
    let M = S;
    let c = F.mul(F.ONE, cc);
    let t = F.pow(n, Q);
    let R = F.pow(n, Q1div2);
    while (!F.eql(t, F.ONE)) {
      if (F.is0(t))
        throw new Error("Cannot find square root: probably non-prime P");
      let i = 1;
      let t_tmp = F.sqr(t);
      while (!F.eql(t_tmp, F.ONE)) {
        i++;
        t_tmp = F.sqr(t_tmp);
        if (i === M)
          throw new Error("Cannot find square root");
      }
      const exponent = _1n2 << BigInt(M - i - 1);
      const b = F.pow(c, exponent);
      M = i;
      c = F.sqr(b);
      t = F.mul(t, c);
      R = F.mul(R, b);
    }
    return R;
  };
}
function FpSqrt(P) {
  aoddModulus(P, "Fp.sqrt");
  if (P % _4n === _3n)
    return sqrt3mod4;
  if (P % _8n === _5n)
    return sqrt5mod8;
  if (P % _16n === _9n)
    return sqrt9mod16(P);
  return tonelliShanks(P);
}
var isNegativeLE = (num, modulo) => (mod(num, modulo) & _1n2) === _1n2;
var FIELD_FIELDS = [
  "create",
  "isValid",
  "is0",
  "neg",
  "inv",
  "sqrt",
  "sqr",
  "eql",
  "add",
  "sub",
  "mul",
  "pow",
  "div",
  "addN",
  "subN",
  "mulN",
  "sqrN"
];
function validateField(field) {
  aobject2(field, "field");
  if (typeof field.ORDER !== "bigint")
    throw new TypeError('param "ORDER" is invalid: expected bigint, got ' + typeof field.ORDER);
  asafenumber(field.BYTES, "BYTES");
  asafenumber(field.BITS, "BITS");
  for (const name of FIELD_FIELDS)
    afunction(field[name], "field." + name);
  if (field.BYTES < 1 || field.BITS < 1)
    throw new Error("invalid field: expected BYTES/BITS > 0");
  if (field.ORDER <= _1n2)
    throw new Error("invalid field: expected ORDER > 1, got " + field.ORDER);
  return field;
}
function FpInvertBatch(Fp2, nums, passZero = false) {
  validateField(Fp2);
  aarray(nums, "nums");
  abool(passZero, "passZero");
  const F = Fp2;
  const inverted = new Array(nums.length).fill(passZero ? F.ZERO : void 0);
  const multipliedAcc = nums.reduce((acc, num, i) => {
    if (F.is0(num))
      return acc;
    inverted[i] = acc;
    return F.mul(acc, num);
  }, F.ONE);
  const invertedAcc = F.inv(multipliedAcc);
  nums.reduceRight((acc, num, i) => {
    if (F.is0(num))
      return acc;
    inverted[i] = F.mul(acc, inverted[i]);
    return F.mul(acc, num);
  }, invertedAcc);
  return inverted;
}
function FpLegendre(Fp2, n) {
  validateField(Fp2);
  const F = Fp2;
  aoddModulus(F.ORDER, "FpLegendre");
  const p1mod2 = (F.ORDER - _1n2) / _2n;
  const powered = F.pow(n, p1mod2);
  const yes = F.eql(powered, F.ONE);
  const zero = F.eql(powered, F.ZERO);
  const no = F.eql(powered, F.neg(F.ONE));
  if (!yes && !zero && !no)
    throw new Error("invalid Legendre symbol result");
  return yes ? 1 : zero ? 0 : -1;
}
function nLength(n, nBitLength) {
  if (nBitLength !== void 0)
    anumber2(nBitLength);
  if (n <= _0n2)
    throw new Error("invalid n length: expected positive n, got " + n);
  if (nBitLength !== void 0 && nBitLength < 1)
    throw new Error("invalid n length: expected positive bit length, got " + nBitLength);
  const bits = bitLen(n);
  if (nBitLength !== void 0 && nBitLength < bits)
    throw new Error(`invalid n length: expected nBitLength (${nBitLength}) >= bitLen(n) (${bits})`);
  const _nBitLength = nBitLength !== void 0 ? nBitLength : bits;
  const nByteLength = Math.ceil(_nBitLength / 8);
  return { nBitLength: _nBitLength, nByteLength };
}
var FIELD_SQRT = /* @__PURE__ */ new WeakMap();
var _Field = class {
  ORDER;
  BITS;
  BYTES;
  isLE;
  ZERO = _0n2;
  ONE = _1n2;
  _lengths;
  _mod;
  constructor(ORDER, opts = {}) {
    if (ORDER <= _1n2)
      throw new Error("invalid field: expected ORDER > 1, got " + ORDER);
    let _nbitLength = void 0;
    this.isLE = false;
    if (opts != null && typeof opts === "object") {
      if (typeof opts.BITS === "number")
        _nbitLength = opts.BITS;
      if (typeof opts.sqrt === "function")
        Object.defineProperty(this, "sqrt", { value: opts.sqrt, enumerable: true });
      if (typeof opts.isLE === "boolean")
        this.isLE = opts.isLE;
      if (opts.allowedLengths)
        this._lengths = Object.freeze(opts.allowedLengths.slice());
      if (typeof opts.modFromBytes === "boolean")
        this._mod = opts.modFromBytes;
    }
    const { nBitLength, nByteLength } = nLength(ORDER, _nbitLength);
    if (nByteLength > 2048)
      throw new Error("invalid field: expected ORDER of <= 2048 bytes");
    this.ORDER = ORDER;
    this.BITS = nBitLength;
    this.BYTES = nByteLength;
    Object.freeze(this);
  }
  create(num) {
    return mod(num, this.ORDER);
  }
  isValid(num) {
    if (typeof num !== "bigint")
      throw new TypeError("invalid field element: expected bigint, got " + typeof num);
    return _0n2 <= num && num < this.ORDER;
  }
  is0(num) {
    return num === _0n2;
  }
  // is valid and invertible
  isValidNot0(num) {
    return !this.is0(num) && this.isValid(num);
  }
  isOdd(num) {
    return (num & _1n2) === _1n2;
  }
  neg(num) {
    return mod(-num, this.ORDER);
  }
  eql(lhs, rhs) {
    return lhs === rhs;
  }
  sqr(num) {
    return mod(num * num, this.ORDER);
  }
  add(lhs, rhs) {
    return mod(lhs + rhs, this.ORDER);
  }
  sub(lhs, rhs) {
    return mod(lhs - rhs, this.ORDER);
  }
  mul(lhs, rhs) {
    return mod(lhs * rhs, this.ORDER);
  }
  pow(num, power) {
    return pow(num, power, this.ORDER);
  }
  div(lhs, rhs) {
    return mod(lhs * invert(rhs, this.ORDER), this.ORDER);
  }
  // Same as above, but doesn't normalize
  sqrN(num) {
    return num * num;
  }
  addN(lhs, rhs) {
    return lhs + rhs;
  }
  subN(lhs, rhs) {
    return lhs - rhs;
  }
  mulN(lhs, rhs) {
    return lhs * rhs;
  }
  inv(num) {
    return invert(num, this.ORDER);
  }
  sqrt(num) {
    let sqrt = FIELD_SQRT.get(this);
    if (!sqrt)
      FIELD_SQRT.set(this, sqrt = FpSqrt(this.ORDER));
    return sqrt(this, num);
  }
  toBytes(num) {
    return this.isLE ? numberToBytesLE(num, this.BYTES) : numberToBytesBE(num, this.BYTES);
  }
  fromBytes(bytes, skipValidation = false) {
    abytes2(bytes);
    const { _lengths: allowedLengths, BYTES, isLE, ORDER, _mod: modFromBytes } = this;
    if (allowedLengths) {
      if (bytes.length < 1 || !allowedLengths.includes(bytes.length) || bytes.length > BYTES) {
        throw new Error("Field.fromBytes: expected " + allowedLengths + " bytes, got " + bytes.length);
      }
      const padded = new Uint8Array(BYTES);
      padded.set(bytes, isLE ? 0 : padded.length - bytes.length);
      bytes = padded;
    }
    if (bytes.length !== BYTES)
      throw new Error("Field.fromBytes: expected " + BYTES + " bytes, got " + bytes.length);
    let scalar = isLE ? bytesToNumberLE(bytes) : bytesToNumberBE(bytes);
    if (modFromBytes)
      scalar = mod(scalar, ORDER);
    if (!skipValidation) {
      if (!this.isValid(scalar))
        throw new Error("invalid field element: outside of range 0..ORDER");
    }
    return scalar;
  }
  // TODO: we don't need it here, move out to separate fn
  invertBatch(lst) {
    return FpInvertBatch(this, lst, true);
  }
  // We can't move this out because Fp6, Fp12 implement it
  // and it's unclear what to return in there.
  cmov(a, b, condition) {
    abool(condition, "condition");
    return condition ? b : a;
  }
};
function Field(ORDER, opts = {}) {
  Object.freeze(_Field.prototype);
  return new _Field(ORDER, opts);
}

// node_modules/.pnpm/@noble+curves@2.4.0/node_modules/@noble/curves/abstract/curve.js
var _0n3 = /* @__PURE__ */ BigInt(0);
var _1n3 = /* @__PURE__ */ BigInt(1);
var _4n2 = /* @__PURE__ */ BigInt(4);
var BLIND_BYTES = 16;
var BLIND_BITS = 128;
var FW_WINDOW = 5;
var TABLE_BYTES_MAX = /* @__PURE__ */ (() => 2 ** 31)();
function validatePointCons(Point2) {
  const pc = Point2;
  if (typeof pc !== "function")
    throw new TypeError('"Point" expected constructor, got type=' + typeof Point2);
  afunction(pc.fromAffine, "Point.fromAffine");
  afunction(pc.fromBytes, "Point.fromBytes");
  afunction(pc.fromHex, "Point.fromHex");
  aobject2(pc.BASE, "Point.BASE");
  aobject2(pc.ZERO, "Point.ZERO");
  validateField(pc.Fp);
  validateField(pc.Fn);
}
function normalizeZ(c, points) {
  validatePointCons(c);
  validateMSMPoints(points, c);
  const invertedZs = FpInvertBatch(c.Fp, points.map((p) => p.Z));
  return points.map((p, i) => c.fromAffine(p.toAffine(invertedZs[i])));
}
function validateW(W, bits, min = 1) {
  if (!Number.isSafeInteger(W) || W < min || W > bits)
    throw new Error("invalid window size, expected [" + min + ".." + bits + "], got W=" + W);
}
function validateTableBytes(numPoints, fpBytes) {
  const bytes = numPoints * (4 * fpBytes + 128);
  if (bytes > TABLE_BYTES_MAX)
    throw new Error("invalid window size: table would need ~" + Math.ceil(bytes / 2 ** 20) + " MiB, max " + TABLE_BYTES_MAX / 2 ** 20 + " MiB");
}
function probeRandomBytes(randomBytes8, length) {
  if (randomBytes8 === void 0)
    return void 0;
  afunction(randomBytes8, "randomBytes");
  try {
    const probe = randomBytes8(length);
    if (!isBytes2(probe) || probe.length !== length)
      return void 0;
  } catch {
    return void 0;
  }
  return randomBytes8;
}
function validateMSMPoints(points, c) {
  aarray(points, "points");
  points.forEach((p, i) => {
    if (!(p instanceof c))
      throw new Error("invalid point at index " + i);
  });
}
function validateMSMScalars(scalars, field, maxScalar) {
  if (!Array.isArray(scalars))
    throw new Error("array of scalars expected");
  scalars.forEach((s, i) => {
    const ok = maxScalar === void 0 ? field.isValid(s) : isPosBig(s) && s < maxScalar;
    if (!ok)
      throw new Error("invalid scalar at index " + i);
  });
}
var pointWindowSizes = /* @__PURE__ */ new WeakMap();
function getWindowSize(P) {
  return pointWindowSizes.get(P) || 1;
}
function oddMultiples(p, size) {
  const dbl = p.double();
  const t = [p];
  for (let j = 1; j < size; j++)
    t.push(t[j - 1].add(dbl));
  return t;
}
function wnafDigits(n, W) {
  const size = 2 ** W;
  const half = size / 2;
  const mask = BigInt(size - 1);
  const d = [];
  while (n > _0n3) {
    let w = 0;
    if (n & _1n3) {
      w = Number(n & mask);
      if (w >= half)
        w -= size;
      n -= BigInt(w);
    }
    d.push(w);
    n >>= _1n3;
  }
  return d;
}
function signedWindowDigits(n, W, windows) {
  const size = 2 ** W;
  const half = size / 2;
  const mask = BigInt(size - 1);
  const shiftBy = BigInt(W);
  const d = [];
  for (let w = 0; w < windows; w++) {
    let v = Number(n & mask);
    n >>= shiftBy;
    if (v > half) {
      v -= size;
      n += _1n3;
    }
    d.push(v);
  }
  if (n !== _0n3)
    throw new Error("invalid wnaf");
  return d;
}
function wnafWalk(zero, tables, digits) {
  let max = 0;
  for (const d of digits)
    max = Math.max(max, d.length);
  let acc = zero;
  for (let bit = max - 1; bit >= 0; bit--) {
    if (bit !== max - 1)
      acc = acc.double();
    for (let i = 0; i < digits.length; i++) {
      const w = digits[i][bit];
      if (w) {
        const item = tables[i][Math.abs(w) - 1 >> 1];
        acc = acc.add(w < 0 ? item.negate() : item);
      }
    }
  }
  return acc;
}
var ScalarMultiplier = class {
  Point;
  BASE;
  ZERO;
  randomBytes;
  wnafPrecomputes = /* @__PURE__ */ new WeakMap();
  baseCanBeBlinded;
  bits;
  // Parametrized with a given Point class (not individual point)
  constructor(Point2, randomBytes8) {
    validatePointCons(Point2);
    this.randomBytes = probeRandomBytes(randomBytes8, BLIND_BYTES);
    this.Point = Point2;
    this.BASE = Point2.BASE;
    this.ZERO = Point2.ZERO;
    this.bits = Point2.Fn.BITS;
  }
  /**
   * Creates a signed fixed-window wNAF precomputation table: for every window w, the
   * multiples `[1..2^(W−1)]⋅2^(w⋅W)⋅P`, flattened. All doublings are baked into the table,
   * so cached multiplication is additions-only. `windows = ceil(bits/W) + 1`: the extra
   * window absorbs the final carry of signed-digit recoding.
   * For a 256-bit curve and W=6, the table is 44⋅32 = 1408 points.
   * @param point - Point instance
   * @param W - window size
   * @param bits - scalar bitlength the table must cover
   */
  buildWnafTable(point, W, bits) {
    const windows = Math.ceil(bits / W) + 1;
    const half = 2 ** (W - 1);
    const comp = [];
    let base = point;
    for (let w = 0; w < windows; w++) {
      let acc = base;
      for (let i = 0; i < half; i++) {
        comp.push(acc);
        acc = acc.add(base);
      }
      base = comp[comp.length - 1].double();
    }
    return { W, bits, windows, comp };
  }
  /**
   * Implements ec multiplication using precomputed signed fixed-window wNAF tables.
   * Constant-time: fixed window count with one table addition per window — zero digits feed
   * the fake accumulator — and no doublings; the lookup scans the whole window slice.
   * Scalar bounds are validated by the public entry points ({@link ScalarMultiplier.mulCT},
   * {@link ScalarMultiplier.mulCTBlinded}, {@link ScalarMultiplier.mulUnsafe});
   * signedWindowDigits throws if `n` exceeds the table.
   * @returns real and fake (for const-time) points
   */
  wnafCachedCT(precomputes, n) {
    const { W, windows, comp } = precomputes;
    const half = 2 ** (W - 1);
    const digits = signedWindowDigits(n, W, windows);
    let p = this.ZERO;
    let f = this.BASE;
    for (let w = 0; w < windows; w++) {
      const digit = digits[w];
      const start = w * half;
      const idx = Math.abs(digit) - 1;
      let sel = comp[start];
      for (let i = 1; i < half; i++)
        sel = i === idx ? comp[start + i] : sel;
      const neg = sel.negate();
      if (digit === 0)
        f = f.add(comp[start]);
      else
        p = p.add(digit < 0 ? neg : sel);
    }
    return { p, f };
  }
  // Cache key is point identity plus (W, bits); at most two entries exist per point (public-width
  // `Fn.BITS` and blinded `Fn.BITS + BLIND_BITS`). Callers must not reuse the same point with
  // incompatible `transform(...)` layouts and expect a separate cache entry.
  getWnafPrecomputes(W, point, bits, transform) {
    let entries = this.wnafPrecomputes.get(point);
    let comp = entries?.find((entry) => entry.W === W && entry.bits === bits);
    if (!comp) {
      comp = this.buildWnafTable(point, W, bits);
      if (typeof transform === "function")
        comp = { ...comp, comp: transform(comp.comp) };
      if (!entries) {
        entries = [];
        this.wnafPrecomputes.set(point, entries);
      }
      entries.push(comp);
    }
    return comp;
  }
  assertPoint(point) {
    if (!(point instanceof this.Point))
      throw new TypeError('"point" expected Point instance, got type=' + typeof point);
  }
  // Shared prologue of the constant-time entry points. Rejects scalar 0: in key/signature-style
  // callers a zero scalar means broken upstream plumbing, and concrete Points already reject it.
  // Uses inRange instead of Fn.isValidNot0: validateField() only certifies the arithmetic subset.
  validateMulInput(point, scalar) {
    this.assertPoint(point);
    if (!inRange(scalar, _1n3, this.Point.Fn.ORDER))
      throw new Error("invalid scalar");
  }
  // Constant-time dispatch shared by mulCT / mulCTBlinded. Un-precomputed points (W===1, e.g.
  // ECDH peer keys) skip building a throwaway cached table in favor of a small fixed-window
  // multiply. `n` must be < 2^bits.
  runCT(point, n, bits, transform) {
    const W = getWindowSize(point);
    if (W === 1)
      return this.fixedWindowCT(point, n, bits);
    return this.wnafCachedCT(this.getWnafPrecomputes(W, point, bits, transform), n);
  }
  mulCT(point, scalar, transform) {
    this.validateMulInput(point, scalar);
    return this.runCT(point, scalar, this.bits, transform);
  }
  mulCTBlinded(point, scalar, transform) {
    this.validateMulInput(point, scalar);
    if (this.randomBytes === void 0)
      throw new Error("randomBytes is required for scalar blinding");
    const bits = this.Point.Fn.BITS + BLIND_BITS;
    const blind = this.randomBytes(BLIND_BYTES);
    if (!isBytes2(blind) || blind.length !== BLIND_BYTES)
      throw new Error("randomBytes returned invalid byte array");
    blind[0] = blind[0] & 63 | 128;
    const n = scalar + bytesToNumberBE(blind) * this.Point.Fn.ORDER;
    return this.runCT(point, n, bits, transform);
  }
  /**
   * Constant-time multiplication `n*point` for an un-precomputed point, via a small fixed window.
   * A cached wNAF table only pays off when reused; a flat 2^FW_WINDOW table (`size-1` adds) is
   * far cheaper to build for a single use. The point-operation sequence is independent of `n`:
   * build the table, then per window exactly FW_WINDOW doublings, a data-oblivious scan over
   * every table entry, and one addition (adds the identity when the window digit is 0 — never
   * skipped).
   *
   * `n` must be `< 2^bits`. Assumes complete addition (adding the identity costs the same as any
   * add), which holds for the Weierstrass/Edwards point types used here. The table is left in
   * projective form (no normalizeZ): normalizing this small a table costs more than the
   * mixed-add savings it would buy for a single multiply.
   * @returns real point `p`; `f` duplicates it only to match {@link wnafCachedCT}'s return shape
   * (this path needs no fake accumulator — its op-count is already scalar-independent).
   */
  fixedWindowCT(point, n, bits) {
    const W = FW_WINDOW;
    const size = 1 << W;
    const mask = bitMask(W);
    const table2 = new Array(size);
    table2[0] = this.ZERO;
    for (let i = 1; i < size; i++)
      table2[i] = table2[i - 1].add(point);
    const windows = Math.ceil(bits / W);
    let acc = this.ZERO;
    for (let window2 = windows - 1; window2 >= 0; window2--) {
      if (window2 !== windows - 1)
        for (let d = 0; d < W; d++)
          acc = acc.double();
      const digit = Number(n >> BigInt(window2 * W) & mask);
      let sel = table2[0];
      for (let i = 1; i < size; i++)
        sel = i === digit ? table2[i] : sel;
      acc = acc.add(sel);
    }
    return { p: acc, f: acc };
  }
  shouldBlind(point, cofactor) {
    if (this.randomBytes === void 0)
      return false;
    if (cofactor === _1n3)
      return true;
    if (point !== this.BASE)
      return false;
    if (this.baseCanBeBlinded === void 0)
      this.baseCanBeBlinded = this.mulUnsafe(this.BASE, this.Point.Fn.ORDER).is0();
    return this.baseCanBeBlinded;
  }
  mulSecret(point, scalar, cofactor, transform) {
    return this.shouldBlind(point, cofactor) ? this.mulCTBlinded(point, scalar, transform) : this.mulCT(point, scalar, transform);
  }
  mulUnsafe(point, scalar, transform) {
    this.assertPoint(point);
    if (!isPosBig(scalar))
      throw new Error("invalid scalar");
    const W = getWindowSize(point);
    if (W === 1 || scalar >= this.Point.Fn.ORDER)
      return mulAddUnsafe(this.Point, [point], [scalar], true);
    const precomputes = this.getWnafPrecomputes(W, point, this.bits, transform);
    return this.wnafCachedCT(precomputes, scalar).p;
  }
  // Remembers the window size used for precomputed wNAF multiplication of the given point
  // and drops any previously built tables. Usually only the base point is precomputed.
  // W=1 resets the point to the un-precomputed (table-less) paths.
  // W is additionally capped so tables stay under ~2 GiB ({@link TABLE_BYTES_MAX}).
  setWindowSize(point, W) {
    this.assertPoint(point);
    validateW(W, this.bits);
    const windows = Math.ceil((this.bits + BLIND_BITS) / W) + 1;
    validateTableBytes(windows * 2 ** (W - 1), this.Point.Fp.BYTES);
    pointWindowSizes.set(point, W);
    this.wnafPrecomputes.delete(point);
  }
  // True when a window size is set: tables themselves are built lazily on first multiply.
  hasWindowSize(point) {
    return getWindowSize(point) !== 1;
  }
};
function mulAddUnsafe(c, points, scalars, allowOversized = false) {
  validatePointCons(c);
  validateMSMPoints(points, c);
  abool(allowOversized, "allowOversized");
  validateMSMScalars(scalars, c.Fn, allowOversized ? c.Fn.ORDER ** _4n2 : void 0);
  if (points.length !== scalars.length)
    throw new Error("arrays of points and scalars must have equal length");
  const tables = points.map((p) => oddMultiples(p, 4));
  const digits = scalars.map((n) => wnafDigits(n, 4));
  return wnafWalk(c.ZERO, tables, digits);
}
function createField(order, field, isLE) {
  if (field) {
    if (field.ORDER !== order)
      throw new Error("Field.ORDER must match order: Fp == p, Fn == n");
    validateField(field);
    return field;
  } else {
    return Field(order, { isLE });
  }
}
function createCurveFields(type, CURVE, curveOpts = {}, FpFnLE) {
  if (type !== "weierstrass" && type !== "edwards")
    throw new Error('expected curve type "weierstrass" or "edwards"');
  if (FpFnLE === void 0)
    FpFnLE = type === "edwards";
  if (!CURVE || typeof CURVE !== "object")
    throw new Error(`expected valid ${type} CURVE object`);
  validateObject(curveOpts);
  for (const p of ["p", "n", "h"]) {
    const val = CURVE[p];
    if (!(isPosBig(val) && val !== _0n3))
      throw new Error(`CURVE.${p} must be positive bigint`);
  }
  const Fp2 = createField(CURVE.p, curveOpts.Fp, FpFnLE);
  const Fn2 = createField(CURVE.n, curveOpts.Fn, FpFnLE);
  const _b = type === "weierstrass" ? "b" : "d";
  const params = ["Gx", "Gy", "a", _b];
  for (const p of params) {
    if (!Fp2.isValid(CURVE[p]))
      throw new Error(`CURVE.${p} must be valid field element of CURVE.Fp`);
  }
  CURVE = Object.freeze(Object.assign({}, CURVE));
  return { CURVE, Fp: Fp2, Fn: Fn2 };
}

// node_modules/.pnpm/@noble+curves@2.4.0/node_modules/@noble/curves/abstract/edwards.js
var _0n4 = /* @__PURE__ */ BigInt(0);
var _1n4 = /* @__PURE__ */ BigInt(1);
var _2n2 = /* @__PURE__ */ BigInt(2);
var _4n3 = /* @__PURE__ */ BigInt(4);
var _8n2 = /* @__PURE__ */ BigInt(8);
function isEdValidXY(Fp2, CURVE, x, y) {
  const x2 = Fp2.sqr(x);
  const y2 = Fp2.sqr(y);
  const left = Fp2.add(Fp2.mul(CURVE.a, x2), y2);
  const right = Fp2.add(Fp2.ONE, Fp2.mul(CURVE.d, Fp2.mul(x2, y2)));
  return Fp2.eql(left, right);
}
function edwards(params, extraOpts = {}) {
  validateObject(extraOpts, {}, {}, "extraOpts");
  const opts = extraOpts;
  const validated = createCurveFields("edwards", params, opts, opts.FpFnLE);
  const { Fp: Fp2, Fn: Fn2 } = validated;
  let CURVE = validated.CURVE;
  const { h: cofactor } = CURVE;
  if (FpLegendre(Fp2, CURVE.a) !== 1)
    throw new Error("edwards: CURVE.a must be a square in Fp for complete addition formulas");
  if (FpLegendre(Fp2, CURVE.d) !== -1)
    throw new Error("edwards: CURVE.d must be a non-square in Fp for complete addition formulas");
  validateObject(opts, {}, { uvRatio: "function", randomBytes: "function" });
  const randomBytes8 = opts.randomBytes === void 0 ? randomBytes2 : opts.randomBytes;
  const MASK = _2n2 << BigInt(Fp2.BYTES * 8) - _1n4;
  function isOdd(n) {
    if (!Fp2.isOdd)
      throw new Error("Field does not have .isOdd()");
    return Fp2.isOdd(n);
  }
  const uvRatio2 = opts.uvRatio === void 0 ? (u, v) => {
    try {
      return { isValid: true, value: Fp2.sqrt(Fp2.div(u, v)) };
    } catch (e) {
      return { isValid: false, value: _0n4 };
    }
  } : opts.uvRatio;
  if (!isEdValidXY(Fp2, CURVE, CURVE.Gx, CURVE.Gy))
    throw new Error("bad curve params: generator point");
  const mulA = Fp2.eql(CURVE.a, Fp2.neg(Fp2.ONE)) ? (x) => Fp2.neg(x) : Fp2.eql(CURVE.a, Fp2.ONE) ? (x) => x : (x) => Fp2.mul(CURVE.a, x);
  function acoord(title, n, banZero = false) {
    const min = banZero ? _1n4 : _0n4;
    aInRange("coordinate " + title, n, min, MASK);
    return n;
  }
  function aedpoint(other) {
    if (!(other instanceof Point2))
      throw new Error("EdwardsPoint expected");
  }
  class Point2 {
    static BASE = new Point2(CURVE.Gx, CURVE.Gy, Fp2.ONE, Fp2.mul(CURVE.Gx, CURVE.Gy));
    static ZERO = new Point2(Fp2.ZERO, Fp2.ONE, Fp2.ONE, Fp2.ZERO);
    static Fp = Fp2;
    static Fn = Fn2;
    X;
    Y;
    Z;
    T;
    constructor(X, Y, Z, T) {
      this.X = acoord("x", X);
      this.Y = acoord("y", Y);
      this.Z = acoord("z", Z, true);
      this.T = acoord("t", T);
      Object.freeze(this);
    }
    static CURVE() {
      return CURVE;
    }
    /**
     * Create one extended Edwards point from affine coordinates.
     * Does NOT validate that the point is on-curve or torsion-free.
     * Use `.assertValidity()` on adversarial inputs.
     */
    static fromAffine(p) {
      if (p instanceof Point2)
        throw new Error("extended point not allowed");
      const { x, y } = p || {};
      acoord("x", x);
      acoord("y", y);
      return new Point2(x, y, Fp2.ONE, Fp2.mul(x, y));
    }
    // Uses algo from RFC8032 5.1.3.
    static fromBytes(bytes, zip215 = false) {
      const len = Fp2.BYTES;
      const { a, d } = CURVE;
      bytes = copyBytes(abytes2(bytes, len, "point"));
      abool(zip215, "zip215");
      const normed = copyBytes(bytes);
      const lastByte = bytes[len - 1];
      normed[len - 1] = lastByte & ~128;
      const y = bytesToNumberLE(normed);
      const max = zip215 ? MASK : Fp2.ORDER;
      aInRange("point.y", y, _0n4, max);
      const y2 = Fp2.sqr(y);
      const u = Fp2.sub(y2, Fp2.ONE);
      const v = Fp2.sub(Fp2.mulN(d, y2), a);
      let { isValid, value: x } = uvRatio2(u, v);
      if (!isValid)
        throw new Error("bad point: invalid y coordinate");
      const isXOdd = isOdd(x);
      const isLastByteOdd = (lastByte & 128) !== 0;
      if (!zip215 && Fp2.is0(x) && isLastByteOdd)
        throw new Error("bad point: x=0 and x_0=1");
      if (isLastByteOdd !== isXOdd)
        x = Fp2.neg(x);
      return Point2.fromAffine({ x, y });
    }
    static fromHex(hex, zip215 = false) {
      return Point2.fromBytes(hexToBytes2(hex), zip215);
    }
    get x() {
      return this.toAffine().x;
    }
    get y() {
      return this.toAffine().y;
    }
    precompute(windowSize = 6, isLazy = true) {
      wnaf.setWindowSize(this, windowSize);
      if (!isLazy)
        this.multiply(_2n2);
      return this;
    }
    // Useful in fromAffine() - not for fromBytes(), which always created valid points.
    assertValidity() {
      const p = this;
      const { a, d } = CURVE;
      if (p.is0())
        throw new Error("bad point: ZERO");
      const { X, Y, Z, T } = p;
      const X2 = Fp2.sqr(X);
      const Y2 = Fp2.sqr(Y);
      const Z2 = Fp2.sqr(Z);
      const Z4 = Fp2.sqr(Z2);
      const aX2 = Fp2.mul(X2, a);
      const left = Fp2.mul(Fp2.add(aX2, Y2), Z2);
      const right = Fp2.add(Z4, Fp2.mul(d, Fp2.mul(X2, Y2)));
      if (!Fp2.eql(left, right))
        throw new Error("bad point: equation left != right (1)");
      const XY = Fp2.mul(X, Y);
      const ZT = Fp2.mul(Z, T);
      if (!Fp2.eql(XY, ZT))
        throw new Error("bad point: equation left != right (2)");
    }
    // Compare one point to another.
    equals(other) {
      aedpoint(other);
      const { X: X1, Y: Y1, Z: Z1 } = this;
      const { X: X2, Y: Y2, Z: Z2 } = other;
      const X1Z2 = Fp2.mul(X1, Z2);
      const X2Z1 = Fp2.mul(X2, Z1);
      const Y1Z2 = Fp2.mul(Y1, Z2);
      const Y2Z1 = Fp2.mul(Y2, Z1);
      return Fp2.eql(X1Z2, X2Z1) && Fp2.eql(Y1Z2, Y2Z1);
    }
    is0() {
      return this.equals(Point2.ZERO);
    }
    negate() {
      return new Point2(Fp2.neg(this.X), this.Y, this.Z, Fp2.neg(this.T));
    }
    // Fast algo for doubling Extended Point.
    // https://hyperelliptic.org/EFD/g1p/auto-twisted-extended.html#doubling-dbl-2008-hwcd
    // Cost: 4M + 4S + 1*a + 6add + 1*2.
    double() {
      const { X: X1, Y: Y1, Z: Z1 } = this;
      const A = Fp2.sqr(X1);
      const B = Fp2.sqr(Y1);
      const C = Fp2.mul(Fp2.sqr(Z1), _2n2);
      const D = mulA(A);
      const x1y1 = Fp2.addN(X1, Y1);
      const E = Fp2.sub(Fp2.subN(Fp2.sqr(x1y1), A), B);
      const G = Fp2.addN(D, B);
      const F = Fp2.subN(G, C);
      const H = Fp2.subN(D, B);
      const X3 = Fp2.mul(E, F);
      const Y3 = Fp2.mul(G, H);
      const T3 = Fp2.mul(E, H);
      const Z3 = Fp2.mul(F, G);
      return new Point2(X3, Y3, Z3, T3);
    }
    // Fast algo for adding 2 Extended Points.
    // https://hyperelliptic.org/EFD/g1p/auto-twisted-extended.html#addition-add-2008-hwcd
    // Cost: 9M + 1*a + 1*d + 7add.
    add(other) {
      aedpoint(other);
      const { d } = CURVE;
      const { X: X1, Y: Y1, Z: Z1, T: T1 } = this;
      const { X: X2, Y: Y2, Z: Z2, T: T2 } = other;
      const A = Fp2.mul(X1, X2);
      const B = Fp2.mul(Y1, Y2);
      const C = Fp2.mul(Fp2.mulN(T1, d), T2);
      const D = Fp2.mul(Z1, Z2);
      const E = Fp2.sub(Fp2.subN(Fp2.mulN(Fp2.addN(X1, Y1), Fp2.addN(X2, Y2)), A), B);
      const F = Fp2.subN(D, C);
      const G = Fp2.addN(D, C);
      const H = Fp2.sub(B, mulA(A));
      const X3 = Fp2.mul(E, F);
      const Y3 = Fp2.mul(G, H);
      const T3 = Fp2.mul(E, H);
      const Z3 = Fp2.mul(F, G);
      return new Point2(X3, Y3, Z3, T3);
    }
    subtract(other) {
      aedpoint(other);
      return this.add(other.negate());
    }
    // Constant-time multiplication.
    multiply(scalar) {
      if (!Fn2.isValidNot0(scalar))
        throw new RangeError("invalid scalar: expected 1 <= sc < curve.n");
      const { p, f } = wnaf.mulSecret(this, scalar, cofactor, normalize);
      return normalize([p, f])[0];
    }
    // Non-constant-time multiplication. Uses double-and-add algorithm.
    // It's faster, but should only be used when you don't care about
    // an exposed private key e.g. sig verification.
    // Keeps the same subgroup-scalar contract: 0 is allowed for public-scalar callers, but
    // n and larger values are rejected instead of being reduced mod n to the identity point.
    multiplyUnsafe(scalar) {
      if (!Fn2.isValid(scalar))
        throw new RangeError("invalid scalar: expected 0 <= sc < curve.n");
      if (scalar === _0n4)
        return Point2.ZERO;
      if (this.is0() || scalar === _1n4)
        return this;
      return wnaf.mulUnsafe(this, scalar, normalize);
    }
    // Checks if point is of small order.
    // If you add something to small order point, you will have "dirty"
    // point with torsion component.
    // Clears cofactor and checks if the result is 0.
    isSmallOrder() {
      return this.clearCofactor().is0();
    }
    // Multiplies point by curve order and checks if the result is 0.
    // Returns `false` is the point is dirty.
    isTorsionFree() {
      return wnaf.mulUnsafe(this, CURVE.n).is0();
    }
    // Converts Extended point to default (x, y) coordinates.
    // Can accept precomputed Z^-1 - for example, from invertBatch.
    toAffine(invertedZ) {
      const p = this;
      let iz = invertedZ;
      if (iz != null && typeof iz !== "bigint")
        throw new TypeError('"invertedZ" expected bigint, got type=' + typeof iz);
      const { X, Y, Z } = p;
      const is0 = p.is0();
      if (iz == null)
        iz = is0 ? Fp2.create(_8n2) : Fp2.inv(Z);
      const x = Fp2.mul(X, iz);
      const y = Fp2.mul(Y, iz);
      const zz = Fp2.mul(Z, iz);
      if (is0)
        return { x: Fp2.ZERO, y: Fp2.ONE };
      if (!Fp2.eql(zz, Fp2.ONE))
        throw new Error("invZ was invalid");
      return { x, y };
    }
    clearCofactor() {
      if (cofactor === _1n4)
        return this;
      if (cofactor === _2n2)
        return this.double();
      if (cofactor === _4n3)
        return this.double().double();
      if (cofactor === _8n2)
        return this.double().double().double();
      return this.multiplyUnsafe(cofactor);
    }
    toBytes() {
      const { x, y } = this.toAffine();
      const bytes = Fp2.toBytes(y);
      bytes[bytes.length - 1] |= isOdd(x) ? 128 : 0;
      return bytes;
    }
    toHex() {
      return bytesToHex2(this.toBytes());
    }
    toString() {
      return `<Point ${this.is0() ? "ZERO" : this.toHex()}>`;
    }
  }
  const normalize = (points) => normalizeZ(Point2, points);
  const wnaf = new ScalarMultiplier(Point2, randomBytes8);
  if (wnaf.bits >= 6)
    Point2.BASE.precompute(6);
  Object.freeze(Point2.prototype);
  Object.freeze(Point2);
  return Point2;
}
var PrimeEdwardsPoint = class {
  static BASE;
  static ZERO;
  static Fp;
  static Fn;
  ep;
  /**
   * Wrap one internal Edwards representative directly.
   * This is not a canonical encoding boundary: alternate Edwards
   * representatives may still describe the same abstract wrapper element.
   */
  constructor(ep) {
    this.ep = ep;
  }
  // Static methods that must be implemented by subclasses
  static fromBytes(_bytes) {
    notImplemented();
  }
  static fromHex(_hex) {
    notImplemented();
  }
  get x() {
    return this.toAffine().x;
  }
  get y() {
    return this.toAffine().y;
  }
  // Common implementations
  clearCofactor() {
    return this;
  }
  assertValidity() {
    this.ep.assertValidity();
  }
  /**
   * Return affine coordinates of the current internal Edwards representative.
   * This is a convenience helper, not a canonical Ristretto/Decaf encoding.
   * Equal abstract elements may expose different `x` / `y`; use
   * `toBytes()` / `fromBytes()` for canonical roundtrips.
   */
  toAffine(invertedZ) {
    return this.ep.toAffine(invertedZ);
  }
  toHex() {
    return bytesToHex2(this.toBytes());
  }
  toString() {
    return this.toHex();
  }
  isTorsionFree() {
    return true;
  }
  isSmallOrder() {
    return false;
  }
  add(other) {
    this.assertSame(other);
    return this.init(this.ep.add(other.ep));
  }
  subtract(other) {
    this.assertSame(other);
    return this.init(this.ep.subtract(other.ep));
  }
  multiply(scalar) {
    return this.init(this.ep.multiply(scalar));
  }
  multiplyUnsafe(scalar) {
    return this.init(this.ep.multiplyUnsafe(scalar));
  }
  double() {
    return this.init(this.ep.double());
  }
  negate() {
    return this.init(this.ep.negate());
  }
  precompute(windowSize, isLazy) {
    this.ep.precompute(windowSize, isLazy);
    return this;
  }
};

// node_modules/.pnpm/@noble+curves@2.4.0/node_modules/@noble/curves/abstract/hash-to-curve.js
function i2osp(value, length) {
  asafenumber(value);
  asafenumber(length);
  if (length < 0 || length > 4)
    throw new Error("invalid I2OSP length: " + length);
  if (value < 0 || value > 2 ** (8 * length) - 1)
    throw new Error("invalid I2OSP input: " + value);
  const res = Array.from({ length }).fill(0);
  for (let i = length - 1; i >= 0; i--) {
    res[i] = value & 255;
    value >>>= 8;
  }
  return new Uint8Array(res);
}
function strxor(a, b) {
  const arr = new Uint8Array(a.length);
  for (let i = 0; i < a.length; i++) {
    arr[i] = a[i] ^ b[i];
  }
  return arr;
}
function normDST(DST) {
  if (!isBytes2(DST) && typeof DST !== "string")
    throw new Error("DST must be Uint8Array or ascii string");
  const dst = typeof DST === "string" ? asciiToBytes(DST) : DST;
  if (dst.length === 0)
    throw new Error("DST must be non-empty");
  return dst;
}
function expand_message_xmd(msg, DST, lenInBytes, H) {
  abytes2(msg);
  asafenumber(lenInBytes);
  if (typeof H !== "function")
    throw new Error("expand_message_xmd: expected hash function");
  asafenumber(H.outputLen, "hash.outputLen");
  asafenumber(H.blockLen, "hash.blockLen");
  DST = normDST(DST);
  if (DST.length > 255)
    DST = H(concatBytes2(asciiToBytes("H2C-OVERSIZE-DST-"), DST));
  const { outputLen: b_in_bytes, blockLen: r_in_bytes } = H;
  const ell = Math.ceil(lenInBytes / b_in_bytes);
  if (lenInBytes > 65535 || ell > 255)
    throw new Error("expand_message_xmd: invalid lenInBytes");
  const DST_prime = concatBytes2(DST, i2osp(DST.length, 1));
  const Z_pad = new Uint8Array(r_in_bytes);
  const l_i_b_str = i2osp(lenInBytes, 2);
  const b = new Array(ell);
  const b_0 = H(concatBytes2(Z_pad, msg, l_i_b_str, i2osp(0, 1), DST_prime));
  b[0] = H(concatBytes2(b_0, i2osp(1, 1), DST_prime));
  for (let i = 1; i < ell; i++) {
    const args = [strxor(b_0, b[i - 1]), i2osp(i + 1, 1), DST_prime];
    b[i] = H(concatBytes2(...args));
  }
  const pseudo_random_bytes = concatBytes2(...b);
  return pseudo_random_bytes.slice(0, lenInBytes);
}
var _DST_scalar = "HashToScalar-";

// node_modules/.pnpm/@noble+curves@2.4.0/node_modules/@noble/curves/ed25519.js
var _1n5 = /* @__PURE__ */ BigInt(1);
var _2n3 = /* @__PURE__ */ BigInt(2);
var _5n2 = /* @__PURE__ */ BigInt(5);
var _8n3 = /* @__PURE__ */ BigInt(8);
var ed25519_CURVE_p = /* @__PURE__ */ BigInt("0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");
var ed25519_CURVE = /* @__PURE__ */ (() => ({
  p: ed25519_CURVE_p,
  n: BigInt("0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed"),
  h: _8n3,
  a: BigInt("0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec"),
  d: BigInt("0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3"),
  Gx: BigInt("0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51a"),
  Gy: BigInt("0x6666666666666666666666666666666666666666666666666666666666666658")
}))();
function ed25519_pow_2_252_3(x) {
  const _10n = BigInt(10), _20n = BigInt(20), _40n = BigInt(40), _80n = BigInt(80);
  const P = ed25519_CURVE_p;
  const x2 = x * x % P;
  const b2 = x2 * x % P;
  const b4 = pow2(b2, _2n3, P) * b2 % P;
  const b5 = pow2(b4, _1n5, P) * x % P;
  const b10 = pow2(b5, _5n2, P) * b5 % P;
  const b20 = pow2(b10, _10n, P) * b10 % P;
  const b40 = pow2(b20, _20n, P) * b20 % P;
  const b80 = pow2(b40, _40n, P) * b40 % P;
  const b160 = pow2(b80, _80n, P) * b80 % P;
  const b240 = pow2(b160, _80n, P) * b80 % P;
  const b250 = pow2(b240, _10n, P) * b10 % P;
  const pow_p_5_8 = pow2(b250, _2n3, P) * x % P;
  return { pow_p_5_8, b2 };
}
var ED25519_SQRT_M1 = /* @__PURE__ */ BigInt("19681161376707505956807079304988542015446066515923890162744021073123829784752");
function uvRatio(u, v) {
  const P = ed25519_CURVE_p;
  const v3 = mod(v * v * v, P);
  const v7 = mod(v3 * v3 * v, P);
  const pow3 = ed25519_pow_2_252_3(u * v7).pow_p_5_8;
  let x = mod(u * v3 * pow3, P);
  const vx2 = mod(v * x * x, P);
  const root1 = x;
  const root2 = mod(x * ED25519_SQRT_M1, P);
  const useRoot1 = vx2 === u;
  const useRoot2 = vx2 === mod(-u, P);
  const noRoot = vx2 === mod(-u * ED25519_SQRT_M1, P);
  if (useRoot1)
    x = root1;
  if (useRoot2 || noRoot)
    x = root2;
  if (isNegativeLE(x, P))
    x = mod(-x, P);
  return { isValid: useRoot1 || useRoot2, value: x };
}
var ed25519_Point = /* @__PURE__ */ edwards(ed25519_CURVE, { uvRatio });
var Fp = /* @__PURE__ */ (() => ed25519_Point.Fp)();
var Fn = /* @__PURE__ */ (() => ed25519_Point.Fn)();
var SQRT_M1 = ED25519_SQRT_M1;
var SQRT_AD_MINUS_ONE = /* @__PURE__ */ BigInt("25063068953384623474111414158702152701244531502492656460079210482610430750235");
var INVSQRT_A_MINUS_D = /* @__PURE__ */ BigInt("54469307008909316920995813868745141605393597292927456921205312896311721017578");
var ONE_MINUS_D_SQ = /* @__PURE__ */ BigInt("1159843021668779879193775521855586647937357759715417654439879720876111806838");
var D_MINUS_ONE_SQ = /* @__PURE__ */ BigInt("40440834346308536858101042469323190826248399146238708352240133220865137265952");
var invertSqrt = (number) => uvRatio(_1n5, number);
var MAX_255B = /* @__PURE__ */ BigInt("0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
var bytes255ToNumberLE = (bytes) => Fp.create(bytesToNumberLE(bytes) & MAX_255B);
function calcElligatorRistrettoMap(r0) {
  const { d } = ed25519_CURVE;
  const r = Fp.mul(Fp.mulN(SQRT_M1, r0), r0);
  const Ns = Fp.mul(Fp.addN(r, _1n5), ONE_MINUS_D_SQ);
  let c = BigInt(-1);
  const D = Fp.mul(Fp.subN(c, Fp.mulN(d, r)), Fp.add(r, d));
  let { isValid: Ns_D_is_sq, value: s } = uvRatio(Ns, D);
  let s_ = Fp.mul(s, r0);
  if (!Fp.isOdd(s_))
    s_ = Fp.neg(s_);
  if (!Ns_D_is_sq)
    s = s_;
  if (!Ns_D_is_sq)
    c = r;
  const Nt = Fp.sub(Fp.mulN(Fp.mulN(c, Fp.subN(r, _1n5)), D_MINUS_ONE_SQ), D);
  const s2 = Fp.sqrN(s);
  const W0 = Fp.mul(Fp.addN(s, s), D);
  const W1 = Fp.mul(Nt, SQRT_AD_MINUS_ONE);
  const W2 = Fp.sub(_1n5, s2);
  const W3 = Fp.add(_1n5, s2);
  return new ed25519_Point(Fp.mul(W0, W3), Fp.mul(W2, W1), Fp.mul(W1, W3), Fp.mul(W0, W2));
}
var _RistrettoPoint = class __RistrettoPoint extends PrimeEdwardsPoint {
  // Do NOT change syntax: the following gymnastics is done,
  // because typescript strips comments, which makes bundlers disable tree-shaking.
  // prettier-ignore
  static BASE = /* @__PURE__ */ (() => new __RistrettoPoint(ed25519_Point.BASE))();
  // prettier-ignore
  static ZERO = /* @__PURE__ */ (() => new __RistrettoPoint(ed25519_Point.ZERO))();
  // prettier-ignore
  static Fp = /* @__PURE__ */ (() => Fp)();
  // prettier-ignore
  static Fn = /* @__PURE__ */ (() => Fn)();
  constructor(ep) {
    super(ep);
  }
  /**
   * Create one Ristretto255 point from affine Edwards coordinates.
   * This wraps the internal Edwards representative directly and is not a
   * canonical ristretto255 decoding path.
   * Use `toBytes()` / `fromBytes()` if canonical ristretto255 bytes matter.
   */
  static fromAffine(ap) {
    return new __RistrettoPoint(ed25519_Point.fromAffine(ap));
  }
  assertSame(other) {
    if (!(other instanceof __RistrettoPoint))
      throw new Error("RistrettoPoint expected");
  }
  init(ep) {
    return new __RistrettoPoint(ep);
  }
  static fromBytes(bytes) {
    abytes(bytes, 32);
    const { a, d } = ed25519_CURVE;
    const s = bytes255ToNumberLE(bytes);
    if (!equalBytes(Fp.toBytes(s), bytes) || Fp.isOdd(s))
      throw new Error("invalid ristretto255 encoding 1");
    const s2 = Fp.sqr(s);
    const u1 = Fp.add(_1n5, Fp.mulN(a, s2));
    const u2 = Fp.sub(_1n5, Fp.mulN(a, s2));
    const u1_2 = Fp.sqr(u1);
    const u2_2 = Fp.sqr(u2);
    const v = Fp.sub(Fp.mulN(Fp.mulN(a, d), u1_2), u2_2);
    const { isValid, value: I } = invertSqrt(Fp.mul(v, u2_2));
    const Dx = Fp.mul(I, u2);
    const Dy = Fp.mul(Fp.mulN(I, Dx), v);
    let x = Fp.mul(Fp.addN(s, s), Dx);
    if (Fp.isOdd(x))
      x = Fp.neg(x);
    const y = Fp.mul(u1, Dy);
    const t = Fp.mul(x, y);
    if (!isValid || Fp.isOdd(t) || Fp.is0(y))
      throw new Error("invalid ristretto255 encoding 2");
    return new __RistrettoPoint(new ed25519_Point(x, y, Fp.ONE, t));
  }
  /**
   * Converts ristretto-encoded string to ristretto point.
   * Described in [RFC9496](https://www.rfc-editor.org/rfc/rfc9496#name-decode).
   * @param hex - Ristretto-encoded 32 bytes. Not every 32-byte string is valid ristretto encoding
   */
  static fromHex(hex) {
    return __RistrettoPoint.fromBytes(hexToBytes(hex));
  }
  /**
   * Encodes ristretto point to Uint8Array.
   * Described in [RFC9496](https://www.rfc-editor.org/rfc/rfc9496#name-encode).
   */
  toBytes() {
    let { X, Y, Z, T } = this.ep;
    const u1 = Fp.mul(Fp.add(Z, Y), Fp.sub(Z, Y));
    const u2 = Fp.mul(X, Y);
    const u2sq = Fp.sqr(u2);
    const { value: invsqrt } = invertSqrt(Fp.mul(u1, u2sq));
    const D1 = Fp.mul(invsqrt, u1);
    const D2 = Fp.mul(invsqrt, u2);
    const zInv = Fp.mul(Fp.mulN(D1, D2), T);
    let D;
    if (Fp.isOdd(Fp.mul(T, zInv))) {
      let _x = Fp.mul(Y, SQRT_M1);
      let _y = Fp.mul(X, SQRT_M1);
      X = _x;
      Y = _y;
      D = Fp.mul(D1, INVSQRT_A_MINUS_D);
    } else {
      D = D2;
    }
    if (Fp.isOdd(Fp.mul(X, zInv)))
      Y = Fp.neg(Y);
    let s = Fp.mul(Fp.subN(Z, Y), D);
    if (Fp.isOdd(s))
      s = Fp.neg(s);
    return Fp.toBytes(s);
  }
  /**
   * Compares two Ristretto points.
   * Described in [RFC9496](https://www.rfc-editor.org/rfc/rfc9496#name-equals).
   */
  equals(other) {
    this.assertSame(other);
    const { X: X1, Y: Y1 } = this.ep;
    const { X: X2, Y: Y2 } = other.ep;
    const one = Fp.eql(Fp.mul(X1, Y2), Fp.mul(Y1, X2));
    const two = Fp.eql(Fp.mul(Y1, Y2), Fp.mul(X1, X2));
    return one || two;
  }
  is0() {
    return this.equals(__RistrettoPoint.ZERO);
  }
};
var ristretto255 = /* @__PURE__ */ (() => {
  Object.freeze(_RistrettoPoint.BASE);
  Object.freeze(_RistrettoPoint.ZERO);
  Object.freeze(_RistrettoPoint.prototype);
  Object.freeze(_RistrettoPoint);
  return Object.freeze({ Point: _RistrettoPoint });
})();
var ristretto255_hasher = /* @__PURE__ */ Object.freeze({
  Point: _RistrettoPoint,
  /**
  * Spec: https://www.rfc-editor.org/rfc/rfc9380.html#name-hashing-to-ristretto255. Caveats:
  * * There are no test vectors
  * * encodeToCurve / mapToCurve is undefined
  * * mapToCurve would be `calcElligatorRistrettoMap(scalars[0])`, not ristretto255_map!
  * * hashToScalar is undefined too, so we just use OPRF implementation
  * * We cannot re-use 'createHasher', because ristretto255_map is different algorithm/RFC
    (os2ip -> bytes255ToNumberLE)
  * * mapToCurve == calcElligatorRistrettoMap, hashToCurve == ristretto255_map
  * * hashToScalar is undefined in RFC9380 for ristretto, so we use the OPRF
    version here. Using `bytes255ToNumblerLE` will create a different result
    if we use `bytes255ToNumberLE` as os2ip
  * * current version is closest to spec.
  */
  hashToCurve(msg, options) {
    const DST = options?.DST === void 0 ? "ristretto255_XMD:SHA-512_R255MAP_RO_" : options.DST;
    const xmd = expand_message_xmd(msg, DST, 64, sha512);
    return ristretto255_hasher.deriveToCurve(xmd);
  },
  hashToScalar(msg, options) {
    const DST = options?.DST === void 0 ? _DST_scalar : options.DST;
    const xmd = expand_message_xmd(msg, DST, 64, sha512);
    return Fn.create(bytesToNumberLE(xmd));
  },
  /**
   * HashToCurve-like construction based on RFC 9496 (Element Derivation).
   * Converts 64 uniform random bytes into a curve point.
   *
   * WARNING: This represents an older hash-to-curve construction from before
   * RFC 9380 was finalized.
   * It was later reused as a component in the newer
   * `hash_to_ristretto255` function defined in RFC 9380.
   */
  deriveToCurve(bytes) {
    abytes(bytes, 64);
    const r1 = bytes255ToNumberLE(bytes.subarray(0, 32));
    const R1 = calcElligatorRistrettoMap(r1);
    const r2 = bytes255ToNumberLE(bytes.subarray(32, 64));
    const R2 = calcElligatorRistrettoMap(r2);
    return new _RistrettoPoint(R1.add(R2));
  }
});

// packages/crypto/src/errors.ts
function isTokenErrorCode(code) {
  return code.startsWith("token_");
}
var CryptoError = class _CryptoError extends Error {
  name = "CryptoError";
  /** Which of the closed set of reasons; see {@link CryptoErrorCode}. */
  code;
  /**
   * @param code - the reason a program switches on.
   * @param message - a sentence for people.
   * @param options - `cause`: the underlying error, when there is one.
   */
  constructor(code, message2, options) {
    super(message2, options);
    this.code = code;
  }
  /**
   * Turns anything that was thrown into a `CryptoError`: one that already is comes back unchanged, everything else
   * becomes `internal` with the original as `cause`.
   *
   * @param thrown - the value caught.
   */
  static from(thrown) {
    if (thrown instanceof _CryptoError) return thrown;
    const message2 = thrown instanceof Error ? thrown.message : String(thrown);
    return new _CryptoError("internal", message2, { cause: thrown });
  }
};

// packages/crypto/src/bytes.ts
var emptyBytes = new Uint8Array(0);
function concatBytes3(parts2) {
  const joined = new Uint8Array(parts2.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts2) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
function asciiBytes(text3) {
  return new Uint8Array(Buffer.from(text3, "ascii"));
}
function readUint32(bytes) {
  return (bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3]) >>> 0;
}
function writeUint32(bytes, value, offset) {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}
function requireLength(name, bytes, { expected, code }) {
  if (!(bytes instanceof Uint8Array) || bytes.length !== expected) {
    throw new CryptoError(code, `${name} must be ${expected} bytes`);
  }
}

// packages/crypto/src/random.ts
function drawRandom(random, length) {
  const bytes = random(length);
  if (bytes.length !== length) {
    throw new CryptoError("bad_random", `random source returned ${bytes.length} bytes instead of ${length}`);
  }
  return bytes;
}

// packages/crypto/src/cpace.ts
var cpaceShareBytes = 32;
var iskBytes = 64;
function cpaceStart(options) {
  const { password, channelIdentifier: channelIdentifier2 = emptyBytes, sessionId = emptyBytes, random } = options;
  const generator = ristretto255_hasher.deriveToCurve(
    createHash("sha512").update(generatorString({ password, channelIdentifier: channelIdentifier2, sessionId })).digest()
  );
  const secret = sampleScalar(random);
  return { share: generator.multiply(scalarToInteger(secret)).toBytes(), secret };
}
function cpaceFinish(options) {
  const { role, secret, ownShare, peerShare, sessionId = emptyBytes } = options;
  const { initiatorData = emptyBytes, responderData = emptyBytes } = options;
  requireLength("CPace secret", secret, { expected: scalarBytes, code: "bad_key" });
  requireLength("own CPace share", ownShare, { expected: cpaceShareBytes, code: "bad_key" });
  const shared = multiplyVerified(secret, peerShare);
  const [initiatorShare, responderShare] = role === "initiator" ? [ownShare, peerShare] : [peerShare, ownShare];
  return createHash("sha512").update(lengthValue([iskLabel, sessionId, shared])).update(lengthValue([initiatorShare, initiatorData])).update(lengthValue([responderShare, responderData])).digest();
}
function generatorString(input) {
  const head = lengthValue([domain, input.password]);
  const padding = new Uint8Array(Math.max(0, sha512BlockBytes - head.length - 1));
  return concatBytes3([head, lengthValue([padding, input.channelIdentifier, input.sessionId])]);
}
function multiplyVerified(secret, share) {
  const scalar = scalarToInteger(secret);
  if (scalar === 0n || scalar >= Point.Fn.ORDER)
    throw new CryptoError("bad_key", "CPace scalar out of range");
  const element = decodeShare(share);
  if (element.is0()) throw new CryptoError("bad_point", "CPace share is the identity");
  return element.multiply(scalar).toBytes();
}
function decodeShare(share) {
  requireLength("CPace share", share, { expected: cpaceShareBytes, code: "bad_point" });
  try {
    return Point.fromBytes(share);
  } catch (cause) {
    throw new CryptoError("bad_point", "CPace share is not a ristretto255 element", { cause });
  }
}
function sampleScalar(random) {
  const secret = Uint8Array.from(drawRandom(random, scalarBytes));
  secret[scalarBytes - 1] &= 15;
  if (secret.every((byte) => byte === 0))
    throw new CryptoError("bad_random", "random source returned zeros only");
  return secret;
}
function scalarToInteger(littleEndian) {
  return BigInt(`0x${Buffer.from(littleEndian).reverse().toString("hex")}`);
}
function lengthValue(parts2) {
  return concatBytes3(parts2.flatMap((part) => [leb128(part.length), part]));
}
function leb128(value) {
  const bytes = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(rest % 128 | 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
var { Point } = ristretto255;
var domain = asciiBytes("CPaceRistretto255");
var iskLabel = asciiBytes("CPaceRistretto255_ISK");
var sha512BlockBytes = 128;
var scalarBytes = 32;

// packages/crypto/src/aes-gcm.ts
import { createCipheriv, createDecipheriv } from "node:crypto";
var aeadKeyBytes = 32;
var aeadNonceBytes = 12;
var aeadTagBytes = 16;
function aeadSeal({ key, nonce, associatedData }, plaintext) {
  const cipher = createCipheriv("aes-256-gcm", key, nonce, gcmOptions);
  cipher.setAAD(associatedData);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return concatBytes3([ciphertext, cipher.getAuthTag()]);
}
function aeadOpen({ key, nonce, associatedData }, sealed) {
  const plaintextBytes = sealed.length - aeadTagBytes;
  if (plaintextBytes < 0) throw new CryptoError("decrypt_failed", "sealed bytes are shorter than a tag");
  const [plaintext] = aeadOpenParts(
    { key, nonce, associatedData },
    { ciphertext: [sealed.subarray(0, plaintextBytes)], tag: sealed.subarray(plaintextBytes) }
  );
  return plaintext ?? emptyBytes;
}
function aeadOpenParts({ key, nonce, associatedData }, sealed) {
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, gcmOptions);
  decipher.setAAD(associatedData);
  decipher.setAuthTag(sealed.tag);
  const plaintext = sealed.ciphertext.map((piece) => decipher.update(piece));
  try {
    decipher.final();
  } catch (cause) {
    for (const piece of plaintext) piece.fill(0);
    throw new CryptoError("decrypt_failed", "authentication tag does not match", { cause });
  }
  return plaintext;
}
function aeadSealParts({ key, nonce, associatedData }, plaintext) {
  const cipher = createCipheriv("aes-256-gcm", key, nonce, gcmOptions);
  cipher.setAAD(associatedData);
  const sealed = plaintext.map((piece) => cipher.update(piece));
  cipher.final();
  sealed.push(cipher.getAuthTag());
  return sealed;
}
function writeCounterNonce(nonce, counter) {
  const high = Math.floor(counter / 4294967296);
  for (let index = 0; index < 4; index++) {
    nonce[4 + index] = high >>> 24 - 8 * index;
    nonce[8 + index] = counter >>> 24 - 8 * index;
  }
}
function nextKey(key) {
  const sealed = aeadSeal(
    { key, nonce: rekeyNonce, associatedData: emptyBytes },
    new Uint8Array(aeadKeyBytes)
  );
  return sealed.slice(0, aeadKeyBytes);
}
var gcmOptions = { authTagLength: aeadTagBytes };
var rekeyNonce = Uint8Array.of(0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255);

// packages/crypto/src/record/limits.ts
var recordPlaintextBytesMax = 65536 + 64;
var recordHeaderBytes = 4;
var recordOverheadBytes = recordHeaderBytes + 16;
var rekeyEveryRecordsDefault = 2 ** 20;
var rekeyEveryBytesDefault = 64 * 2 ** 30;
var recordCountMax = Number.MAX_SAFE_INTEGER;
var coalesceBytesMax = 4096;
var coalesceBufferBytes = 16 * 1024;

// packages/crypto/src/record/chunk-queue.ts
var ChunkQueue = class {
  #chunks = [];
  /** Index of the first chunk not wholly consumed; what lies before is dropped now and then, not at each take. */
  #head = 0;
  #length = 0;
  #buffer = emptyBytes;
  #bufferUsed = 0;
  /** Whether the last chunk is the end of the used part of `#buffer`, so that it can grow. */
  #lastGrows = false;
  /** Bytes queued. */
  get length() {
    return this.#length;
  }
  /**
   * Appends a chunk, which belongs to the queue from now on.
   *
   * @param chunk - any length; an empty one changes nothing.
   */
  push(chunk) {
    if (chunk.length === 0) return;
    this.#length += chunk.length;
    if (chunk.length < coalesceBytesMax) {
      this.#pushSmall(chunk);
    } else {
      this.#chunks.push(chunk);
      this.#lastGrows = false;
    }
  }
  /**
   * Removes bytes from the front, in as few pieces as they lie in.
   *
   * @param byteCount - at most {@link ChunkQueue.length}.
   */
  take(byteCount) {
    const pieces = [];
    let missing = byteCount;
    while (missing > 0) {
      const chunk = this.#chunks[this.#head];
      if (chunk.length <= missing) {
        pieces.push(chunk);
        this.#head++;
        missing -= chunk.length;
      } else {
        pieces.push(chunk.subarray(0, missing));
        this.#chunks[this.#head] = chunk.subarray(missing);
        missing = 0;
      }
    }
    this.#length -= byteCount;
    this.#dropConsumed();
    return pieces;
  }
  /**
   * Removes bytes from the front into one array of their own. For short fields.
   *
   * @param byteCount - at most {@link ChunkQueue.length}.
   */
  takeJoined(byteCount) {
    const joined = new Uint8Array(byteCount);
    let offset = 0;
    for (const piece of this.take(byteCount)) {
      joined.set(piece, offset);
      offset += piece.length;
    }
    return joined;
  }
  /** Forgets everything. */
  clear() {
    this.#chunks = [];
    this.#head = 0;
    this.#length = 0;
    this.#buffer = emptyBytes;
    this.#bufferUsed = 0;
    this.#lastGrows = false;
  }
  #pushSmall(chunk) {
    if (this.#bufferUsed + chunk.length > this.#buffer.length) {
      this.#buffer = Buffer.allocUnsafeSlow(coalesceBufferBytes);
      this.#bufferUsed = 0;
      this.#lastGrows = false;
    }
    this.#buffer.set(chunk, this.#bufferUsed);
    const end2 = this.#bufferUsed + chunk.length;
    if (this.#lastGrows) {
      const last = this.#chunks.length - 1;
      const start = this.#bufferUsed - this.#chunks[last].length;
      this.#chunks[last] = this.#buffer.subarray(start, end2);
    } else {
      this.#chunks.push(this.#buffer.subarray(this.#bufferUsed, end2));
      this.#lastGrows = true;
    }
    this.#bufferUsed = end2;
  }
  #dropConsumed() {
    if (this.#head === this.#chunks.length) {
      this.#chunks = [];
      this.#head = 0;
      this.#lastGrows = false;
    } else if (this.#head >= 64) {
      this.#chunks.splice(0, this.#head);
      this.#head = 0;
    }
  }
};

// packages/crypto/src/record/framed-opener.ts
var FramedOpener = class {
  #codec;
  #queue = new ChunkQueue();
  #header;
  #failure;
  /** @param codec - bounds and opening of a frame. */
  constructor(codec) {
    this.#codec = codec;
  }
  /** Bytes held that are not part of a finished frame. */
  get bufferedBytes() {
    return this.#queue.length + (this.#header?.length ?? 0);
  }
  /** Whether the stream stands between two frames: an end here cuts nothing off. */
  get atBoundary() {
    return this.bufferedBytes === 0;
  }
  /** Takes received bytes; see `push` of the openers. */
  push(chunk) {
    if (this.#failure !== void 0) throw this.#failure;
    this.#queue.push(chunk);
  }
  /** The next whole plaintext, or `undefined` when more bytes are needed; see `next` of the openers. */
  next() {
    if (this.#failure !== void 0) throw this.#failure;
    try {
      return this.#nextFrame();
    } catch (thrown) {
      this.#failure = CryptoError.from(thrown);
      this.#queue.clear();
      this.#header = void 0;
      throw this.#failure;
    }
  }
  #nextFrame() {
    if (this.#header === void 0) {
      if (this.#queue.length < headerBytes) return void 0;
      this.#header = this.#queue.takeJoined(headerBytes);
      this.#requireLength(readUint32(this.#header));
    }
    const header = this.#header;
    const length = readUint32(header);
    if (this.#queue.length < length) return void 0;
    const plaintext = this.#codec.open(header, length, this.#queue);
    this.#header = void 0;
    return plaintext;
  }
  #requireLength(length) {
    const { lengthMin, lengthMax } = this.#codec;
    if (length < lengthMin || length > lengthMax) {
      throw new CryptoError(
        "bad_length",
        `frame claims ${length} bytes, allowed are ${lengthMin} to ${lengthMax}`
      );
    }
  }
};
var headerBytes = 4;

// packages/crypto/src/envelope-v1.ts
var envelopeV1OverheadBytes = aeadNonceBytes + aeadTagBytes;
var envelopeV1PlaintextBytesMax = 2 ** 20;
function sealFrameV1(key, plaintext, random) {
  const nonce = drawNonce(key, plaintext, random);
  const sealed = aeadSealParts({ key, nonce, associatedData: emptyBytes }, [plaintext]);
  const head = new Uint8Array(4 + aeadNonceBytes);
  writeUint32(head, plaintext.length + envelopeV1OverheadBytes, 0);
  head.set(nonce, 4);
  return [head, ...sealed];
}
var EnvelopeV1Opener = class {
  #frames;
  /**
   * @param key - the tunnel key, 32 bytes, copied.
   * @throws CryptoError `bad_key`.
   */
  constructor(key) {
    requireLength("tunnel key", key, { expected: aeadKeyBytes, code: "bad_key" });
    const ownKey = Uint8Array.from(key);
    this.#frames = new FramedOpener({
      lengthMin: envelopeV1OverheadBytes,
      lengthMax: envelopeV1PlaintextBytesMax + envelopeV1OverheadBytes,
      open: (_header, length, body) => {
        const nonce = body.takeJoined(aeadNonceBytes);
        const ciphertext = body.take(length - envelopeV1OverheadBytes);
        const tag2 = body.takeJoined(aeadTagBytes);
        return aeadOpenParts({ key: ownKey, nonce, associatedData: emptyBytes }, { ciphertext, tag: tag2 });
      }
    });
  }
  /** Bytes held that are not part of an opened envelope. */
  get bufferedBytes() {
    return this.#frames.bufferedBytes;
  }
  /** Whether the stream stands between two envelopes. */
  get atBoundary() {
    return this.#frames.atBoundary;
  }
  /**
   * Takes received bytes.
   *
   * @param chunk - any part of the stream; belongs to the opener from now on.
   * @throws CryptoError the first failure again, once there was one.
   */
  push(chunk) {
    this.#frames.push(chunk);
  }
  /**
   * The next envelope's plaintext, verified.
   *
   * @returns its pieces in order (none for an empty plaintext), or `undefined` when more bytes are needed.
   * @throws CryptoError `bad_length` as soon as a header claims a length out of bounds, `decrypt_failed` when the key
   *   differs or bytes were changed. Both are final.
   */
  next() {
    return this.#frames.next();
  }
};
function drawNonce(key, plaintext, random) {
  requireLength("tunnel key", key, { expected: aeadKeyBytes, code: "bad_key" });
  if (plaintext.length > envelopeV1PlaintextBytesMax) {
    throw new CryptoError("bad_length", `envelope plaintext of ${plaintext.length} bytes`);
  }
  return drawRandom(random, aeadNonceBytes);
}

// packages/crypto/src/identity.ts
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
var identitySeedBytes = 32;
var publicKeyBytes = 32;
var signatureBytes = 64;
var identityIdLength = 43;
var Identity = class {
  /** The public half, {@link publicKeyBytes} raw bytes. */
  publicKey;
  /** The public half as text, see {@link identityId}. */
  id;
  #privateKey;
  /**
   * @param seed - see {@link identityFromSeed}.
   * @throws CryptoError `bad_key` when the seed has another size.
   */
  constructor(seed) {
    requireLength("identity seed", seed, { expected: identitySeedBytes, code: "bad_key" });
    const der = concatBytes3([privateKeyPrefix, seed]);
    this.#privateKey = createPrivateKey({ key: Buffer.from(der.buffer), format: "der", type: "pkcs8" });
    der.fill(0);
    const spki = createPublicKey(this.#privateKey).export({ format: "der", type: "spki" });
    this.publicKey = Uint8Array.from(spki.subarray(publicKeyPrefix.length));
    this.id = identityId(this.publicKey);
  }
  /**
   * Signs bytes as they are, without a hash or context of its own: callers put a label for the purpose in front.
   *
   * @param message - any length.
   * @returns {@link signatureBytes} bytes, always the same for the same message.
   */
  sign(message2) {
    return sign(null, message2, this.#privateKey);
  }
};
function identityFromSeed(seed) {
  return new Identity(seed);
}
function verifySignature({ publicKey, message: message2, signature }) {
  requirePublicKey(publicKey);
  if (signature.length !== signatureBytes) return false;
  const der = Buffer.concat([publicKeyPrefix, publicKey]);
  return verify(null, message2, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
}
function identityId(publicKey) {
  requirePublicKey(publicKey);
  return Buffer.from(publicKey).toString("base64url");
}
function parseIdentityId(id) {
  const publicKey = Uint8Array.from(Buffer.from(id, "base64url"));
  if (publicKey.length !== publicKeyBytes || identityId(publicKey) !== id) {
    throw new CryptoError("bad_key", `an identity id is ${identityIdLength} base64url characters`);
  }
  return publicKey;
}
function requirePublicKey(publicKey) {
  requireLength("public key", publicKey, { expected: publicKeyBytes, code: "bad_key" });
  const withoutSign = Uint8Array.from(publicKey);
  withoutSign[publicKeyBytes - 1] &= 127;
  if (lowOrderKeys.has(Buffer.from(withoutSign.buffer).toString("hex"))) {
    throw new CryptoError("bad_key", "public key of low order");
  }
}
var privateKeyPrefix = Buffer.from("302e020100300506032b657004220420", "hex");
var publicKeyPrefix = Buffer.from("302a300506032b6570032100", "hex");
var lowOrderKeys = /* @__PURE__ */ new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
]);

// packages/crypto/src/kdf.ts
import { createHmac, timingSafeEqual } from "node:crypto";
var sha256Bytes = 32;
var hkdfLengthMax = 255 * sha256Bytes;
function hkdfSha256(ikm, salt, info, length) {
  if (!Number.isInteger(length) || length < 1 || length > hkdfLengthMax) {
    throw new CryptoError("bad_length", `HKDF length must be 1 to ${hkdfLengthMax} bytes`);
  }
  const pseudoRandomKey = hmacSha256(salt, [ikm]);
  const output = new Uint8Array(length);
  let block = new Uint8Array(0);
  for (let offset = 0, index = 1; offset < length; offset += sha256Bytes, index++) {
    block = hmacSha256(pseudoRandomKey, [block, info, Uint8Array.of(index)]);
    output.set(block.subarray(0, length - offset), offset);
  }
  wipe(pseudoRandomKey);
  wipe(block);
  return output;
}
function hmacSha256(key, parts2) {
  const hmac2 = createHmac("sha256", key);
  for (const part of parts2) hmac2.update(part);
  return hmac2.digest();
}
function constantTimeEqual(a, b) {
  return a.length === b.length && timingSafeEqual(a, b);
}
function wipe(bytes) {
  bytes.fill(0);
}

// packages/crypto/src/noise/cipher-state.ts
var nonceLimit = Number.MAX_SAFE_INTEGER;
var CipherState = class {
  #key;
  #counter;
  #nonce = new Uint8Array(aeadNonceBytes);
  /**
   * @param key - 32 bytes, copied.
   * @param counter - the first nonce, 0 to {@link nonceLimit}. Default: 0.
   * @throws CryptoError `bad_key` when the key has another size, `bad_option` when the counter is out of bounds.
   */
  constructor(key, counter = 0) {
    requireLength("cipher key", key, { expected: aeadKeyBytes, code: "bad_key" });
    if (!Number.isSafeInteger(counter) || counter < 0)
      throw new CryptoError("bad_option", "nonce out of bounds");
    this.#key = Uint8Array.from(key);
    this.#counter = counter;
  }
  /** How many messages this state has sealed or opened; also the next nonce. */
  get counter() {
    return this.#counter;
  }
  /**
   * ENCRYPT with the next nonce.
   *
   * @param associatedData - authenticated, not encrypted.
   * @param plaintext - any length.
   * @returns ciphertext ‖ 16-byte tag.
   * @throws CryptoError `nonce_exhausted` when the counter is at {@link nonceLimit}.
   */
  encryptWithAd(associatedData, plaintext) {
    const sealed = aeadSeal(this.#input(associatedData), plaintext);
    this.#counter++;
    return sealed;
  }
  /**
   * DECRYPT with the next nonce. A failure does not advance the counter.
   *
   * @param associatedData - as given to the sender.
   * @param sealed - ciphertext ‖ 16-byte tag.
   * @throws CryptoError `decrypt_failed` when the tag does not match, `nonce_exhausted` when the counter is at
   *   {@link nonceLimit}.
   */
  decryptWithAd(associatedData, sealed) {
    const plaintext = aeadOpen(this.#input(associatedData), sealed);
    this.#counter++;
    return plaintext;
  }
  /** REKEY: replaces the key by a one-way function of it; the counter goes on (Noise rev 34 section 11.3). */
  rekey() {
    const previous = this.#key;
    this.#key = nextKey(previous);
    previous.fill(0);
  }
  /** Overwrites the key. The state is unusable afterwards. */
  wipe() {
    this.#key.fill(0);
    this.#counter = nonceLimit;
  }
  #input(associatedData) {
    if (this.#counter >= nonceLimit)
      throw new CryptoError("nonce_exhausted", "no nonce is left under this key");
    writeCounterNonce(this.#nonce, this.#counter);
    return { key: this.#key, nonce: this.#nonce, associatedData };
  }
};

// packages/crypto/src/x25519.ts
import { createPrivateKey as createPrivateKey2, createPublicKey as createPublicKey2, diffieHellman } from "node:crypto";
var x25519Bytes = 32;
function generateX25519(random) {
  const der = concatBytes3([privateKeyPrefix2, drawRandom(random, x25519Bytes)]);
  const privateKey = createPrivateKey2({ key: Buffer.from(der.buffer), format: "der", type: "pkcs8" });
  der.fill(0);
  const spki = createPublicKey2(privateKey).export({ format: "der", type: "spki" });
  return { privateKey, publicKey: Uint8Array.from(spki.subarray(publicKeyPrefix2.length)) };
}
function x25519(privateKey, publicKey) {
  requireLength("X25519 public key", publicKey, { expected: x25519Bytes, code: "bad_point" });
  const der = Buffer.concat([publicKeyPrefix2, publicKey]);
  try {
    return diffieHellman({
      privateKey,
      publicKey: createPublicKey2({ key: der, format: "der", type: "spki" })
    });
  } catch (cause) {
    throw new CryptoError("bad_point", "X25519 public key of low order", { cause });
  }
}
var privateKeyPrefix2 = Buffer.from("302e020100300506032b656e04220420", "hex");
var publicKeyPrefix2 = Buffer.from("302a300506032b656e032100", "hex");

// packages/crypto/src/noise/symmetric-state.ts
import { createHash as createHash2 } from "node:crypto";
var SymmetricState = class {
  #chainingKey;
  #hash;
  #cipher;
  /**
   * InitializeSymmetric.
   *
   * @param protocolName - exactly 32 ASCII characters here, so that it is the first hash as it stands.
   */
  constructor(protocolName2) {
    const name = asciiBytes(protocolName2);
    this.#hash = name.length === sha256Bytes ? name : createHash2("sha256").update(name).digest();
    this.#chainingKey = Uint8Array.from(this.#hash);
  }
  /** GetHandshakeHash: binds everything sent so far; a copy. */
  get handshakeHash() {
    return Uint8Array.from(this.#hash);
  }
  /** MixKey: takes a Diffie-Hellman result (in psk patterns also a public ephemeral) into the keys. */
  mixKey(inputKeyMaterial) {
    const [chainingKey, key] = this.#derive(inputKeyMaterial);
    this.#replaceKeys(chainingKey, key);
  }
  /** MixHash: takes public bytes into the transcript. */
  mixHash(data) {
    this.#hash = createHash2("sha256").update(this.#hash).update(data).digest();
  }
  /** MixKeyAndHash: takes a pre-shared key into keys and transcript. */
  mixKeyAndHash(inputKeyMaterial) {
    const [chainingKey, transcriptKey, key] = this.#derive(inputKeyMaterial);
    this.mixHash(transcriptKey);
    this.#replaceKeys(chainingKey, key);
  }
  /** EncryptAndHash: seals a payload with the transcript as associated data and takes it into the transcript. */
  encryptAndHash(plaintext) {
    const sealed = this.#requireCipher().encryptWithAd(this.#hash, plaintext);
    this.mixHash(sealed);
    return sealed;
  }
  /**
   * DecryptAndHash: the inverse of {@link encryptAndHash}.
   *
   * @throws CryptoError `decrypt_failed` when keys or transcripts differ or bytes were changed.
   */
  decryptAndHash(sealed) {
    const plaintext = this.#requireCipher().decryptWithAd(this.#hash, sealed);
    this.mixHash(sealed);
    return plaintext;
  }
  /** Split: the keys of the two directions, first the initiator's. */
  split() {
    const [initiatorKey, responderKey] = this.#derive(emptyBytes);
    return [initiatorKey, responderKey];
  }
  /** HKDF-SHA-256 (RFC 5869, no salt) of the chaining key under a label of our own: 32 bytes for use outside Noise. */
  exportSecret(label2) {
    return hkdfSha256(this.#chainingKey, emptyBytes, asciiBytes(label2), sha256Bytes);
  }
  /** Overwrites all secrets. The state is unusable afterwards. */
  wipe() {
    wipe(this.#chainingKey);
    this.#cipher?.wipe();
    this.#cipher = void 0;
  }
  /** HKDF of Noise rev 34 section 4.3 with three outputs; fewer are a prefix of these. */
  #derive(inputKeyMaterial) {
    const temporaryKey = hmacSha256(this.#chainingKey, [inputKeyMaterial]);
    const first2 = hmacSha256(temporaryKey, [Uint8Array.of(1)]);
    const second = hmacSha256(temporaryKey, [first2, Uint8Array.of(2)]);
    const third = hmacSha256(temporaryKey, [second, Uint8Array.of(3)]);
    wipe(temporaryKey);
    return [first2, second, third];
  }
  #replaceKeys(chainingKey, key) {
    wipe(this.#chainingKey);
    this.#cipher?.wipe();
    this.#chainingKey = chainingKey;
    this.#cipher = new CipherState(key);
    wipe(key);
  }
  #requireCipher() {
    if (this.#cipher === void 0) throw new CryptoError("bad_state", "no key has been mixed in yet");
    return this.#cipher;
  }
};

// packages/crypto/src/noise/nnpsk0.ts
var noiseProtocolName = "Noise_NNpsk0_25519_AESGCM_SHA256";
var noisePskBytes = 32;
var noiseOverheadBytes = x25519Bytes + 16;
var noiseMessageBytesMax = 65535;
var NoiseNNpsk0 = class {
  #initiator;
  #random;
  #symmetric;
  #stage;
  #ephemeral;
  #remoteEphemeral;
  /**
   * @param options - see {@link NoiseOptions}.
   * @throws CryptoError `bad_key` when the psk has another size.
   */
  constructor({ role, prologue = emptyBytes, psk, random }) {
    requireLength("Noise psk", psk, { expected: noisePskBytes, code: "bad_key" });
    this.#initiator = role === "initiator";
    this.#random = random;
    this.#stage = this.#initiator ? "write" : "read";
    this.#symmetric = new SymmetricState(noiseProtocolName);
    this.#symmetric.mixHash(prologue);
    this.#symmetric.mixKeyAndHash(psk);
  }
  /** Where the handshake stands. */
  get stage() {
    return this.#stage;
  }
  /**
   * Makes this side's message.
   *
   * @param payload - travels sealed in it, at most {@link noiseMessageBytesMax} - {@link noiseOverheadBytes} bytes.
   * @throws CryptoError `bad_state` when it is not this side's turn, `bad_length` when the payload is too long,
   *   `bad_random` when the source misbehaves, `bad_point` when the peer's ephemeral has low order.
   */
  writeMessage(payload) {
    this.#requireStage("write");
    if (payload.length > noiseMessageBytesMax - noiseOverheadBytes) {
      throw new CryptoError("bad_length", "Noise payload too long");
    }
    const ephemeral = generateX25519(this.#random);
    return this.#failOnError(() => {
      this.#ephemeral = ephemeral;
      this.#mixEphemeral(ephemeral.publicKey);
      this.#mixSharedSecret();
      const sealed = this.#symmetric.encryptAndHash(payload);
      this.#stage = this.#initiator ? "read" : "complete";
      return Buffer.concat([ephemeral.publicKey, sealed]);
    });
  }
  /**
   * Takes the peer's message. Any refusal ends this handshake: it can't be retried with other bytes.
   *
   * @param message - exactly one whole message.
   * @returns the payload.
   * @throws CryptoError `bad_state` when it is not the peer's turn, `bad_length` when the message is too short or too
   *   long, `bad_point` when its ephemeral has low order, `decrypt_failed` when psk, prologue or bytes differ.
   */
  readMessage(message2) {
    this.#requireStage("read");
    return this.#failOnError(() => {
      if (message2.length < noiseOverheadBytes || message2.length > noiseMessageBytesMax) {
        throw new CryptoError("bad_length", `Noise message of ${message2.length} bytes`);
      }
      const remoteEphemeral = Uint8Array.from(message2.subarray(0, x25519Bytes));
      this.#remoteEphemeral = remoteEphemeral;
      this.#mixEphemeral(remoteEphemeral);
      this.#mixSharedSecret();
      const payload = this.#symmetric.decryptAndHash(message2.subarray(x25519Bytes));
      this.#stage = this.#initiator ? "complete" : "write";
      return payload;
    });
  }
  /**
   * Hands out the keys, once, and wipes the handshake.
   *
   * @throws CryptoError `bad_state` when the handshake is not complete or was split before.
   */
  split() {
    this.#requireStage("complete");
    const [initiatorKey, responderKey] = this.#symmetric.split();
    const result = {
      sendKey: this.#initiator ? initiatorKey : responderKey,
      receiveKey: this.#initiator ? responderKey : initiatorKey,
      handshakeHash: this.#symmetric.handshakeHash,
      resumptionSecret: this.#symmetric.exportSecret("macula resumption")
    };
    this.#end("split");
    return result;
  }
  /** Token `e` in a psk handshake: the public ephemeral goes into transcript and keys. */
  #mixEphemeral(publicKey) {
    this.#symmetric.mixHash(publicKey);
    this.#symmetric.mixKey(publicKey);
  }
  /** Token `ee` of message 2; in message 1 only one ephemeral exists yet. */
  #mixSharedSecret() {
    if (this.#ephemeral === void 0 || this.#remoteEphemeral === void 0) return;
    const shared = x25519(this.#ephemeral.privateKey, this.#remoteEphemeral);
    this.#symmetric.mixKey(shared);
    shared.fill(0);
  }
  #failOnError(step) {
    try {
      return step();
    } catch (thrown) {
      this.#end("failed");
      throw CryptoError.from(thrown);
    }
  }
  #requireStage(expected) {
    if (this.#stage !== expected) {
      throw new CryptoError("bad_state", `handshake is at ${this.#stage}, not at ${expected}`);
    }
  }
  #end(stage) {
    this.#symmetric.wipe();
    this.#ephemeral = void 0;
    this.#stage = stage;
  }
};

// packages/crypto/src/record/key-schedule.ts
var RecordKeySchedule = class {
  #key;
  #recordCount;
  #rekeyCount = 0;
  #recordsUnderKey = 0;
  #bytesUnderKey = 0;
  #nonce = new Uint8Array(aeadNonceBytes);
  #rekeyEveryRecords;
  #rekeyEveryBytes;
  /**
   * @param options - see {@link RecordOptions}.
   * @param recordCount - records before the first one of this object. Default: 0.
   * @throws CryptoError `bad_key` or `bad_option`.
   */
  constructor(options, recordCount = 0) {
    requireLength("record key", options.key, { expected: aeadKeyBytes, code: "bad_key" });
    this.#rekeyEveryRecords = requireLimit(options.rekeyEveryRecords ?? rekeyEveryRecordsDefault);
    this.#rekeyEveryBytes = requireLimit(options.rekeyEveryBytes ?? rekeyEveryBytesDefault);
    this.#key = Uint8Array.from(options.key);
    this.#recordCount = recordCount;
  }
  /** The key of the present record. */
  get key() {
    return this.#key;
  }
  /** The nonce of the present record, 12 bytes; valid until the next `begin`. */
  get nonce() {
    return this.#nonce;
  }
  /** Records finished. */
  get recordCount() {
    return this.#recordCount;
  }
  /** Key changes made. */
  get rekeyCount() {
    return this.#rekeyCount;
  }
  /**
   * Prepares the next record's nonce.
   *
   * @throws CryptoError `nonce_exhausted` after {@link recordCountMax} records.
   */
  begin() {
    if (this.#recordCount >= recordCountMax) {
      throw new CryptoError("nonce_exhausted", "this direction has carried its last record");
    }
    writeCounterNonce(this.#nonce, this.#recordCount);
  }
  /**
   * Counts the record and changes the key when a limit is reached.
   *
   * @param plaintextBytes - size of the record's plaintext.
   */
  commit(plaintextBytes) {
    this.#recordCount++;
    this.#recordsUnderKey++;
    this.#bytesUnderKey += plaintextBytes;
    if (this.#recordsUnderKey < this.#rekeyEveryRecords && this.#bytesUnderKey < this.#rekeyEveryBytes)
      return;
    const previous = this.#key;
    this.#key = nextKey(previous);
    previous.fill(0);
    this.#recordsUnderKey = 0;
    this.#bytesUnderKey = 0;
    this.#rekeyCount++;
  }
  /** Overwrites the key and allows no further record. */
  wipe() {
    this.#key.fill(0);
    this.#recordCount = recordCountMax;
  }
};
function requireLimit(value) {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new CryptoError("bad_option", "rekey limits must be integers from 1 to 2^53 - 1");
  }
  return value;
}

// packages/crypto/src/record/record.ts
var RecordSealer = class {
  #schedule;
  /**
   * @param options - key and rekey limits, equal to the peer's.
   * @throws CryptoError `bad_key` or `bad_option`.
   */
  constructor(options) {
    this.#schedule = new RecordKeySchedule(options);
  }
  /** Records sealed. */
  get recordCount() {
    return this.#schedule.recordCount;
  }
  /** Key changes made. */
  get rekeyCount() {
    return this.#schedule.rekeyCount;
  }
  /**
   * Seals one record. Large payloads are neither joined nor copied, only encrypted.
   *
   * @param parts - the plaintext in pieces, together at most {@link recordPlaintextBytesMax} bytes; may be empty.
   * @returns the record's bytes in pieces, to be sent in this order with nothing between them.
   * @throws CryptoError `bad_length` when the plaintext is too long (nothing was sealed), `nonce_exhausted` after
   *   2^53 - 1 records.
   */
  seal(parts2) {
    let plaintextBytes = 0;
    for (const part of parts2) plaintextBytes += part.length;
    if (plaintextBytes > recordPlaintextBytesMax) {
      throw new CryptoError("bad_length", `record plaintext of ${plaintextBytes} bytes`);
    }
    this.#schedule.begin();
    const header = new Uint8Array(recordHeaderBytes);
    writeUint32(header, plaintextBytes + aeadTagBytes, 0);
    const { key, nonce } = this.#schedule;
    const sealed = aeadSealParts({ key, nonce, associatedData: header }, parts2);
    this.#schedule.commit(plaintextBytes);
    sealed.unshift(header);
    return sealed;
  }
  /** Overwrites the key; every later `seal` throws `nonce_exhausted`. */
  wipe() {
    this.#schedule.wipe();
  }
};
var RecordOpener = class {
  #schedule;
  #frames;
  /**
   * @param options - key and rekey limits, equal to the peer's.
   * @throws CryptoError `bad_key` or `bad_option`.
   */
  constructor(options) {
    this.#schedule = new RecordKeySchedule(options);
    this.#frames = new FramedOpener({
      lengthMin: aeadTagBytes,
      lengthMax: recordPlaintextBytesMax + aeadTagBytes,
      open: (header, length, body) => this.#open(header, length, body)
    });
  }
  /** Records opened. */
  get recordCount() {
    return this.#schedule.recordCount;
  }
  /** Key changes made. */
  get rekeyCount() {
    return this.#schedule.rekeyCount;
  }
  /** Bytes held that are not part of an opened record. */
  get bufferedBytes() {
    return this.#frames.bufferedBytes;
  }
  /** Whether the stream stands between two records: an end here cuts no record off. */
  get atBoundary() {
    return this.#frames.atBoundary;
  }
  /**
   * Takes received bytes.
   *
   * @param chunk - any part of the stream; belongs to the opener from now on, so the caller must not change it.
   * @throws CryptoError the first failure again, once there was one.
   */
  push(chunk) {
    this.#frames.push(chunk);
  }
  /**
   * The next record's plaintext, verified.
   *
   * @returns its pieces in order (none for an empty plaintext), or `undefined` when more bytes are needed.
   * @throws CryptoError `bad_length` as soon as a header claims a length out of bounds, `decrypt_failed` when a record
   *   is not the expected one, `nonce_exhausted` after 2^53 - 1 records. Every one is final.
   */
  next() {
    return this.#frames.next();
  }
  /** Overwrites the key; every later record fails with `nonce_exhausted`. */
  wipe() {
    this.#schedule.wipe();
  }
  #open(header, length, body) {
    this.#schedule.begin();
    const { key, nonce } = this.#schedule;
    const ciphertext = body.take(length - aeadTagBytes);
    const tag2 = body.takeJoined(aeadTagBytes);
    const plaintext = aeadOpenParts({ key, nonce, associatedData: header }, { ciphertext, tag: tag2 });
    this.#schedule.commit(length - aeadTagBytes);
    return plaintext;
  }
};

// packages/crypto/src/token/limits.ts
var tokenBytesMax = 4096;
var tokenIdBytes = 16;
var tokenPatternsMax = 64;
var tokenNameBytesMax = 1020;
var tokenRealmBytesMax = 255;
var tokenTimeSecondsMax = 253402300799;
var clockToleranceMsDefault = 6e4;

// packages/crypto/src/token/claims.ts
var tokenLimitNames = [
  "sessions",
  "names",
  "tunnels",
  "streams",
  "bytesPerSecond"
];
function parseClaims(value, code) {
  if (!isRecord(value)) throw new CryptoError(code, "the claims of a token are one object");
  const claims = {
    realm: text(value.realm, { claim: "realm", bytesMax: tokenRealmBytesMax, code }),
    names: patterns(value.names, code),
    exp: requiredTime(value.exp, { claim: "exp", code }),
    nbf: time(value.nbf, { claim: "nbf", code }),
    iat: time(value.iat, { claim: "iat", code }),
    jti: tokenId(value.jti, code),
    sub: value.sub === void 0 ? void 0 : subject(value.sub, code),
    limits: value.limits === void 0 ? void 0 : parseTokenLimits(value.limits, code)
  };
  if (claims.nbf !== void 0 && claims.nbf >= claims.exp)
    throw new CryptoError(code, "the token ends (exp) before it begins (nbf)");
  return claims;
}
function parseTokenLimits(value, code) {
  if (!isRecord(value)) throw new CryptoError(code, "limits must be an object");
  for (const [name, limit] of Object.entries(value)) {
    if (!tokenLimitNames.includes(name))
      throw new CryptoError(code, `limits has the unknown entry ${JSON.stringify(name.slice(0, 40))}`);
    if (!Number.isSafeInteger(limit) || limit < 1)
      throw new CryptoError(code, `limits.${name} must be a whole number from 1`);
  }
  return { ...value };
}
function isTokenId(value) {
  if (typeof value !== "string" || value.length !== Math.ceil(tokenIdBytes * 4 / 3)) return false;
  const bytes = Buffer.from(value, "base64url");
  return bytes.length === tokenIdBytes && bytes.toString("base64url") === value;
}
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function text(value, { claim, bytesMax, code }) {
  const fits = typeof value === "string" && value !== "" && Buffer.byteLength(value) <= bytesMax;
  if (!fits) throw new CryptoError(code, `${claim} must be text of 1 to ${bytesMax} bytes`);
  return value;
}
function patterns(value, code) {
  if (!Array.isArray(value) || value.length < 1 || value.length > tokenPatternsMax)
    throw new CryptoError(code, `names must be a list of 1 to ${tokenPatternsMax} patterns`);
  return value.map((item) => text(item, { claim: "each of names", bytesMax: tokenNameBytesMax, code }));
}
function time(value, claim) {
  return value === void 0 ? void 0 : requiredTime(value, claim);
}
function requiredTime(value, { claim, code }) {
  const fits = Number.isInteger(value) && value >= 0 && value <= tokenTimeSecondsMax;
  if (!fits) throw new CryptoError(code, `${claim} must be whole seconds from 0 to ${tokenTimeSecondsMax}`);
  return value;
}
function tokenId(value, code) {
  if (!isTokenId(value)) throw new CryptoError(code, `jti must be ${tokenIdBytes} bytes in base64url`);
  return value;
}
function subject(value, code) {
  try {
    parseIdentityId(value);
  } catch (cause) {
    throw new CryptoError(code, "sub must be the id of an identity", { cause });
  }
  return value;
}

// packages/crypto/src/token/name-pattern.ts
function matchesNamePattern(pattern, name) {
  return matchesPieces(pattern.split("*").map(codeUnits), codeUnits(name));
}
function matchesPieces(pieces, name) {
  const first2 = pieces[0];
  const last = pieces[pieces.length - 1];
  if (pieces.length === 1) return first2.length === name.length && isAt(first2, name, 0);
  const end2 = name.length - last.length;
  if (end2 < first2.length || !isAt(first2, name, 0) || !isAt(last, name, end2)) return false;
  let at = first2.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = endOfFirst(piece, name, at, end2);
    if (found === void 0) return false;
    at = found;
  }
  return true;
}
function isAt(piece, name, at) {
  for (let index = 0; index < piece.length; index++) if (piece[index] !== name[at + index]) return false;
  return true;
}
function endOfFirst(piece, name, from, to) {
  if (piece.length === 0) return from;
  if (piece.length > to - from) return void 0;
  const borders = bordersOf(piece);
  let matched = 0;
  for (let at = from; at < to; at++) {
    const unit = name[at];
    while (matched > 0 && piece[matched] !== unit) matched = borders[matched - 1];
    if (piece[matched] === unit) matched++;
    if (matched === piece.length) return at + 1;
  }
  return void 0;
}
function bordersOf(piece) {
  const borders = [0];
  let length = 0;
  for (let index = 1; index < piece.length; index++) {
    while (length > 0 && piece[length] !== piece[index]) length = borders[length - 1];
    if (piece[length] === piece[index]) length++;
    borders.push(length);
  }
  return borders;
}
function codeUnits(text3) {
  return Uint16Array.from({ length: text3.length }, (_, index) => text3.charCodeAt(index));
}

// packages/crypto/src/token/grant.ts
function requireGranted(grant, { realm, names, identity }) {
  if (grant.realm !== realm) {
    const message2 = `the token is for the realm "${grant.realm}", not for "${realm}"`;
    throw new CryptoError("token_wrong_realm", message2);
  }
  if (grant.subject !== void 0 && grant.subject !== identity) {
    const message2 = `the token is bound to the identity ${grant.subject}, this is ${identity}`;
    throw new CryptoError("token_wrong_identity", message2);
  }
  const refused2 = names.find((name) => !grantsName(grant, name));
  if (refused2 !== void 0) {
    const message2 = `the token does not allow the name "${cut(refused2)}", but ${cut(grant.patterns.join(", "))}`;
    throw new CryptoError("token_wrong_name", message2);
  }
}
function grantsName(grant, name) {
  return grant.patterns.some((pattern) => matchesNamePattern(pattern, name));
}
function cut(text3) {
  return text3.length <= shownLengthMax ? text3 : `${text3.slice(0, shownLengthMax)}\u2026`;
}
var shownLengthMax = 200;

// node_modules/.pnpm/jose@6.2.18/node_modules/jose/dist/webapi/lib/buffer_utils.js
var encoder = new TextEncoder();
var decoder = new TextDecoder();
var strictDecoder = new TextDecoder("utf-8", { fatal: true });
var UINT32_RANGE = 2 ** 32;
function concat(...buffers) {
  const size = buffers.reduce((acc, { length }) => acc + length, 0), buf = new Uint8Array(size);
  let i = 0;
  for (const buffer of buffers)
    buf.set(buffer, i), i += buffer.length;
  return buf;
}
var NON_ASCII = /[^\x00-\x7f]/;
function encode(string) {
  if (typeof string == "string" && string.length >= 128) {
    if (NON_ASCII.test(string))
      throw new TypeError("non-ASCII string encountered in encode()");
    return encoder.encode(string);
  }
  const bytes = new Uint8Array(string.length);
  for (let i = 0; i < string.length; i++) {
    const code = string.charCodeAt(i);
    if (code > 127)
      throw new TypeError("non-ASCII string encountered in encode()");
    bytes[i] = code;
  }
  return bytes;
}
function decodeBase64(encoded, url = false) {
  if (Uint8Array.fromBase64)
    return Uint8Array.fromBase64(encoded, { alphabet: url ? "base64url" : "base64" });
  if (url) {
    if (encoded.includes("+") || encoded.includes("/"))
      throw new TypeError("Invalid base64url");
    encoded = encoded.replace(/-/g, "+").replace(/_/g, "/");
  }
  const binary = atob(encoded), bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++)
    bytes[i] = binary.charCodeAt(i);
  return bytes;
}

// node_modules/.pnpm/jose@6.2.18/node_modules/jose/dist/webapi/util/errors.js
var JOSEError = class extends Error {
  static code = "ERR_JOSE_GENERIC";
  code = "ERR_JOSE_GENERIC";
  constructor(message2, options) {
    super(message2, options), this.name = this.constructor.name, Error.captureStackTrace?.(this, this.constructor);
  }
};
var JOSEAlgNotAllowed = class extends JOSEError {
  static code = "ERR_JOSE_ALG_NOT_ALLOWED";
  code = "ERR_JOSE_ALG_NOT_ALLOWED";
};
var JOSENotSupported = class extends JOSEError {
  static code = "ERR_JOSE_NOT_SUPPORTED";
  code = "ERR_JOSE_NOT_SUPPORTED";
};
var JWSInvalid = class extends JOSEError {
  static code = "ERR_JWS_INVALID";
  code = "ERR_JWS_INVALID";
};
var JWSSignatureVerificationFailed = class extends JOSEError {
  static code = "ERR_JWS_SIGNATURE_VERIFICATION_FAILED";
  code = "ERR_JWS_SIGNATURE_VERIFICATION_FAILED";
  constructor(message2 = "signature verification failed", options) {
    super(message2, options);
  }
};

// node_modules/.pnpm/jose@6.2.18/node_modules/jose/dist/webapi/util/base64url.js
var invalid = "The input to be decoded is not correctly encoded.";
function decode(input) {
  try {
    return decodeBase64(typeof input == "string" ? input : decoder.decode(input), true);
  } catch (cause) {
    throw new TypeError(invalid, { cause });
  }
}

// node_modules/.pnpm/jose@6.2.18/node_modules/jose/dist/webapi/lib/validate.js
function isObject(input) {
  if (typeof input != "object" || input === null || Object.prototype.toString.call(input) !== "[object Object]")
    return false;
  const prototype = Object.getPrototypeOf(input);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
function isDisjoint(...headers) {
  const parameters = /* @__PURE__ */ new Set();
  for (const header of headers)
    if (header)
      for (const parameter of Object.keys(header)) {
        if (parameters.has(parameter))
          return false;
        parameters.add(parameter);
      }
  return true;
}
function decodeBase64url(value, label2, ErrorClass) {
  try {
    return decode(value);
  } catch (cause) {
    throw new ErrorClass(`Failed to base64url decode the ${label2}`, { cause });
  }
}
function encodeAsciiMember(value, label2, ErrorClass) {
  try {
    return encode(value);
  } catch (cause) {
    throw new ErrorClass(`The ${label2} is not a valid base64url string`, { cause });
  }
}
function parseJoseHeader(encodedProtectedHeader, ErrorClass, message2) {
  let parsed;
  try {
    parsed = JSON.parse(strictDecoder.decode(decode(encodedProtectedHeader)));
  } catch (cause) {
    throw new ErrorClass(message2, { cause });
  }
  if (!isObject(parsed))
    throw new ErrorClass(message2);
  return parsed;
}
var JWS_RECOGNIZED = { __proto__: null, b64: true };
function validateAlgorithms(option, algorithms) {
  if (algorithms !== void 0 && (!Array.isArray(algorithms) || algorithms.some((s) => typeof s != "string")))
    throw new TypeError(`"${option}" option must be an array of strings`);
  return algorithms === void 0 ? void 0 : new Set(algorithms);
}
function validateCrit(Err, recognizedDefault, recognizedOption, protectedHeader, joseHeader) {
  if (joseHeader.crit !== void 0 && protectedHeader?.crit === void 0)
    throw new Err('"crit" (Critical) Header Parameter MUST be integrity protected');
  if (!protectedHeader || protectedHeader.crit === void 0)
    return [];
  if (!Array.isArray(protectedHeader.crit) || protectedHeader.crit.length === 0 || protectedHeader.crit.some((input) => typeof input != "string" || input.length === 0))
    throw new Err('"crit" (Critical) Header Parameter MUST be an array of non-empty strings when present');
  const recognized = recognizedOption === void 0 ? recognizedDefault : { __proto__: null, ...recognizedOption, ...recognizedDefault };
  for (const parameter of protectedHeader.crit) {
    if (!(parameter in recognized))
      throw new JOSENotSupported(`Extension Header Parameter "${parameter}" is not recognized`);
    if (!Object.hasOwn(joseHeader, parameter) || joseHeader[parameter] === void 0)
      throw new Err(`Extension Header Parameter "${parameter}" is missing`);
    if (recognized[parameter] && (!Object.hasOwn(protectedHeader, parameter) || protectedHeader[parameter] === void 0))
      throw new Err(`Extension Header Parameter "${parameter}" MUST be integrity protected`);
  }
  return protectedHeader.crit;
}
function validateB64(protectedHeader, extensions2) {
  if (extensions2.includes("b64")) {
    const b64 = protectedHeader.b64;
    if (typeof b64 != "boolean")
      throw new JWSInvalid('The "b64" (base64url-encode payload) Header Parameter must be a boolean');
    return b64;
  }
  return true;
}

// node_modules/.pnpm/jose@6.2.18/node_modules/jose/dist/webapi/lib/key.js
var tag = (key) => key[Symbol.toStringTag];
var jwkMatchesOp = (entry, key, usage) => {
  const { alg } = entry;
  if (key.use !== void 0) {
    const expected = usage === "sign" || usage === "verify" ? "sig" : "enc";
    if (key.use !== expected)
      throw new TypeError(`Invalid key for this operation, its "use" must be "${expected}" when present`);
  }
  if (key.kty === "AKP" && key.alg === void 0)
    throw new TypeError('missing "alg" (Algorithm) Parameter value');
  if (key.alg !== void 0 && key.alg !== alg)
    throw new TypeError(`Invalid key for this operation, its "alg" must be "${alg}" when present`);
  if (Array.isArray(key.key_ops)) {
    const expectedKeyOp = usage === "encrypt" || usage === "decrypt" ? entry.ops?.[usage === "encrypt" ? 0 : 1] : usage;
    if (expectedKeyOp && !key.key_ops.includes(expectedKeyOp))
      throw new TypeError(`Invalid key for this operation, its "key_ops" must include "${expectedKeyOp}" when present`);
  }
};
async function prepareKey(entry, key, usage) {
  const { alg, secret } = entry, requiresPrivateKey = usage === "decrypt" || usage === "sign";
  if (secret && key instanceof Uint8Array)
    return key;
  let normalized, keyObject;
  if (isObject(key)) {
    if (normalized = normalizeJwk(key), typeof normalized.kty != "string")
      throw invalidKeyType(alg, key, secret);
    if (!(secret ? normalized.kty === "oct" && typeof normalized.k == "string" : normalized.kty !== "oct" && (requiresPrivateKey ? normalized.kty === "AKP" && typeof normalized.priv == "string" || typeof normalized.d == "string" : normalized.d === void 0 && normalized.priv === void 0)))
      throw new TypeError(secret ? 'JSON Web Key for symmetric algorithms must have JWK "kty" (Key Type) equal to "oct" and the JWK "k" (Key Value) present' : `JSON Web Key for this operation must be a ${requiresPrivateKey ? "private" : "public"} JWK`);
    if (jwkMatchesOp(entry, normalized, usage), normalized.kty === "oct")
      return decode(normalized.k);
    if (!Object.isFrozen(key)) {
      const { key_ops } = key;
      Array.isArray(key_ops) && Object.freeze(key_ops), Object.freeze(key);
    }
  } else {
    if (!isKeyLike(key))
      throw invalidKeyType(alg, key, secret);
    const expectedType = secret ? "secret" : requiresPrivateKey ? "private" : "public";
    if (key.type !== expectedType && (secret || ["secret", "public", "private"].includes(key.type)))
      throw new TypeError(`${tag(key)} instances must be of type "${expectedType}" for the ${alg} algorithm`);
    if (isCryptoKey(key))
      return key;
    if (keyObject = key, keyObject.type === "secret")
      return keyObject.export();
  }
  cache ||= /* @__PURE__ */ new WeakMap();
  const cacheKey = key;
  let cached = cache.get(cacheKey);
  if (cached?.[alg])
    return cached[alg];
  if (cached || cache.set(cacheKey, cached = {}), keyObject && typeof keyObject.toCryptoKey == "function") {
    const isPublic = keyObject.type === "public", crv = nist[keyObject.asymmetricKeyDetails?.namedCurve], params = entry.resolve?.({ crv, asymmetricKeyType: keyObject.asymmetricKeyType }) ?? entry.subtle;
    return cached[alg] = keyObject.toCryptoKey(params, isPublic, entry.usages[isPublic ? 0 : 1]);
  }
  return normalized ??= keyObject.export({ format: "jwk" }), normalized.alg = alg, cached[alg] = await jwkToKey(entry, normalized);
}
var cache;
var nist = {
  __proto__: null,
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521"
};
var isCryptoKey = (key) => {
  if (key?.[Symbol.toStringTag] === "CryptoKey")
    return true;
  try {
    return key instanceof CryptoKey;
  } catch {
    return false;
  }
};
var isKeyObject = (key) => key?.[Symbol.toStringTag] === "KeyObject";
var isKeyLike = (key) => isCryptoKey(key) || isKeyObject(key);
function message(msg, actual, ...types) {
  if (types.length > 2) {
    const last = types.pop();
    msg += `one of type ${types.join(", ")}, or ${last}.`;
  } else types.length === 2 ? msg += `one of type ${types[0]} or ${types[1]}.` : msg += `of type ${types[0]}.`;
  return actual == null ? msg += ` Received ${actual}` : typeof actual == "function" && actual.name ? msg += ` Received function ${actual.name}` : typeof actual == "object" && actual != null && actual.constructor?.name && (msg += ` Received an instance of ${actual.constructor.name}`), msg;
}
function invalidKeyType(alg, actual, secret) {
  const types = ["CryptoKey", "KeyObject", "JSON Web Key"];
  return secret && types.push("Uint8Array"), new TypeError(message(`Key for the ${alg} algorithm must be `, actual, ...types));
}
var unusable = (name, prop = "algorithm.name") => new TypeError(`CryptoKey does not support this operation, its ${prop} must be ${name}`);
function checkUsage(key, usage) {
  if (usage && !key.usages.includes(usage))
    throw new TypeError(`CryptoKey does not support this operation, its usages must include ${usage}.`);
}
function checkModulusLength(alg, key) {
  const { modulusLength } = key.algorithm;
  if (typeof modulusLength != "number" || modulusLength < 2048)
    throw new TypeError(`${alg} requires key modulusLength to be 2048 bits or larger`);
}
function checkCryptoKey(key, expected, usage) {
  const algorithm = key.algorithm;
  if (algorithm.name !== expected.name)
    throw unusable(expected.name);
  if (expected.hash && algorithm.hash?.name !== expected.hash)
    throw unusable(expected.hash, "algorithm.hash");
  if (expected.namedCurve && algorithm.namedCurve !== expected.namedCurve)
    throw unusable(expected.namedCurve, "algorithm.namedCurve");
  if (expected.length !== void 0 && algorithm.length !== expected.length)
    throw unusable(expected.length, "algorithm.length");
  checkUsage(key, usage);
}
function snapshotJwk(jwk) {
  return { __proto__: null, ...jwk };
}
function normalizeJwk(jwk) {
  const normalized = snapshotJwk(jwk);
  if (normalized.ext !== void 0 && typeof normalized.ext != "boolean")
    throw new TypeError('"ext" (Extractable) Parameter must be a boolean');
  if (normalized.key_ops !== void 0) {
    const value = normalized.key_ops, keyOps = Array.isArray(value) ? [...value] : void 0;
    if (!keyOps || keyOps.some((operation) => typeof operation != "string") || new Set(keyOps).size !== keyOps.length)
      throw new TypeError('"key_ops" (Key Operations) Parameter must be an array of unique strings');
    normalized.key_ops = keyOps;
  }
  return normalized;
}
async function jwkToKey(entry, jwk, extractable) {
  if (!entry.kty.includes(jwk.kty))
    throw new JOSENotSupported('Invalid or unsupported JWK "alg" (Algorithm) Parameter value');
  const algorithm = entry.resolve?.({ kty: jwk.kty, crv: jwk.crv }) ?? entry.subtle, isPrivate = !!(jwk.d || jwk.priv), keyData = { ...jwk, ext: extractable ?? jwk.ext };
  return keyData.kty !== "AKP" && delete keyData.alg, delete keyData.use, crypto.subtle.importKey("jwk", keyData, algorithm, keyData.ext ?? !isPrivate, jwk.key_ops ?? entry.usages[isPrivate ? 1 : 0]);
}
async function rawKey(key, expected, usage, extractable = false) {
  return key instanceof Uint8Array && (key = await crypto.subtle.importKey("raw", key, expected, extractable, [usage])), checkCryptoKey(key, expected, usage), key;
}

// node_modules/.pnpm/jose@6.2.18/node_modules/jose/dist/webapi/lib/key_descriptor.js
function table(entries) {
  const out = { __proto__: null };
  for (const alg in entries)
    out[alg] = { ...entries[alg], alg };
  return out;
}

// node_modules/.pnpm/jose@6.2.18/node_modules/jose/dist/webapi/lib/jws_algorithms.js
var sig = [["verify"], ["sign"]];
function hmac(bits) {
  const subtle = { name: "HMAC", hash: `SHA-${bits}` };
  return { kty: ["oct"], secret: true, subtle, signing: subtle, usages: sig };
}
function rsa(bits, saltLength) {
  const subtle = { name: saltLength ? "RSA-PSS" : "RSASSA-PKCS1-v1_5", hash: `SHA-${bits}` };
  return {
    kty: ["RSA"],
    subtle,
    signing: saltLength ? { ...subtle, saltLength } : subtle,
    usages: sig,
    minRsaBits: 2048
  };
}
function ecdsa(crv, bits) {
  return {
    kty: ["EC"],
    crv,
    subtle: { name: "ECDSA", namedCurve: crv },
    signing: { name: "ECDSA", hash: `SHA-${bits}` },
    usages: sig
  };
}
function eddsa2() {
  const subtle = { name: "Ed25519" };
  return {
    kty: ["OKP"],
    crv: "Ed25519",
    subtle,
    signing: subtle,
    usages: sig
  };
}
function mldsa(parameterSet) {
  const subtle = { name: `ML-DSA-${parameterSet}` };
  return {
    kty: ["AKP"],
    subtle,
    signing: subtle,
    usages: sig
  };
}
var JWS = table({
  HS256: hmac(256),
  HS384: hmac(384),
  HS512: hmac(512),
  RS256: rsa(256),
  RS384: rsa(384),
  RS512: rsa(512),
  PS256: rsa(256, 32),
  PS384: rsa(384, 48),
  PS512: rsa(512, 64),
  ES256: ecdsa("P-256", 256),
  ES384: ecdsa("P-384", 384),
  ES512: ecdsa("P-521", 512),
  EdDSA: eddsa2(),
  Ed25519: eddsa2(),
  "ML-DSA-44": mldsa(44),
  "ML-DSA-65": mldsa(65),
  "ML-DSA-87": mldsa(87)
});
function jwsAlgorithm(alg) {
  const entry = typeof alg == "string" ? JWS[alg] : void 0;
  if (!entry)
    throw new JOSENotSupported(`alg ${alg} is not supported either by JOSE or your javascript runtime`);
  return entry;
}

// node_modules/.pnpm/jose@6.2.18/node_modules/jose/dist/webapi/lib/jws_verify.js
function prepareVerify(options) {
  return [options && validateAlgorithms("algorithms", options.algorithms), options?.crit];
}
function parseProtectedHeader(encodedProtectedHeader) {
  return encodedProtectedHeader === void 0 ? {} : parseJoseHeader(encodedProtectedHeader, JWSInvalid, "JWS Protected Header is invalid");
}
function encodeCompactUnencodedPayload(payload) {
  try {
    return encode(payload);
  } catch (cause) {
    throw new JWSInvalid("JWS Compact Serialization payload must use only ASCII characters", {
      cause
    });
  }
}
async function verifySignature2(jws, shared, key, encodeUnencodedPayload, parsedProtected) {
  const { protected: encodedProtectedHeader, header, payload: inputPayload } = jws, protectedHeader = parsedProtected ?? parseProtectedHeader(encodedProtectedHeader);
  if (!isDisjoint(protectedHeader, header))
    throw new JWSInvalid("JWS Protected and JWS Unprotected Header Parameter names must be disjoint");
  const joseHeader = { ...protectedHeader, ...header }, b64 = validateB64(protectedHeader, validateCrit(JWSInvalid, JWS_RECOGNIZED, shared[1], protectedHeader, joseHeader)), { alg } = joseHeader;
  if (typeof alg != "string" || !alg)
    throw new JWSInvalid('JWS "alg" (Algorithm) Header Parameter missing or invalid');
  if (shared[0] && !shared[0].has(alg))
    throw new JOSEAlgNotAllowed('"alg" (Algorithm) Header Parameter value not allowed');
  if (b64) {
    if (typeof inputPayload != "string")
      throw new JWSInvalid("JWS Payload must be a string");
  } else if (typeof inputPayload != "string" && !(inputPayload instanceof Uint8Array))
    throw new JWSInvalid("JWS Payload must be a string or an Uint8Array instance");
  const signingPayload = b64 || typeof inputPayload != "string" ? inputPayload : encodeUnencodedPayload(inputPayload);
  let resolvedKey = false;
  typeof key == "function" && (key = await key(protectedHeader, jws), resolvedKey = true);
  const entry = jwsAlgorithm(alg), signingInput = concat(encodedProtectedHeader !== void 0 ? encode(encodedProtectedHeader) : new Uint8Array(), encode("."), typeof signingPayload == "string" ? shared[2] ??= encodeAsciiMember(signingPayload, "payload", JWSInvalid) : signingPayload), signature = decodeBase64url(jws.signature, "signature", JWSInvalid), verificationKey = await prepareKey(entry, key, "verify"), cryptoKey = await rawKey(verificationKey, entry.subtle, "verify");
  entry.minRsaBits && checkModulusLength(entry.alg, cryptoKey);
  let verified = false;
  try {
    verified = await crypto.subtle.verify(entry.signing, cryptoKey, signature, signingInput);
  } catch (cause) {
    throw new JWSSignatureVerificationFailed(void 0, { cause });
  }
  if (!verified)
    throw new JWSSignatureVerificationFailed();
  const result = { payload: typeof signingPayload == "string" ? decodeBase64url(signingPayload, "payload", JWSInvalid) : signingPayload };
  return encodedProtectedHeader !== void 0 && (result.protectedHeader = protectedHeader), header !== void 0 && (result.unprotectedHeader = header), resolvedKey ? [{ ...result, key: verificationKey }, b64] : [result, b64];
}
async function verifyCompact(jws, shared, key) {
  if (jws instanceof Uint8Array && (jws = decoder.decode(jws)), typeof jws != "string")
    throw new JWSInvalid("Compact JWS must be a string or Uint8Array");
  const { 0: protectedHeader, 1: payload, 2: signature, length } = jws.split(".");
  if (length !== 3)
    throw new JWSInvalid("Invalid Compact JWS");
  return verifySignature2({ payload, protected: protectedHeader, signature }, shared, key, encodeCompactUnencodedPayload);
}

// node_modules/.pnpm/jose@6.2.18/node_modules/jose/dist/webapi/jws/compact/verify.js
async function compactVerify(jws, key, options) {
  const [result] = await verifyCompact(jws, prepareVerify(options), key);
  return result;
}

// packages/crypto/src/token/jws.ts
function decodeJws(text3) {
  if (typeof text3 !== "string" || text3.length > tokenBytesMax) {
    throw malformed(`a token is text of at most ${tokenBytesMax} bytes`);
  }
  const parts2 = text3.split(".");
  if (parts2.length !== 3) throw malformed("a token has three parts with dots between them");
  const [header, payload] = parts2.map(decodePart);
  return { header: parseJsonObject(header), payload };
}
function parseJsonObject(bytes) {
  let value;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw malformed("header and claims of a token are JSON", cause);
  }
  if (!isRecord(value)) throw malformed("header and claims of a token are objects");
  return value;
}
async function verifyJws(text3, issuer) {
  parseIdentityId(issuer);
  try {
    await compactVerify(text3, publicJwk(issuer), { algorithms: ["EdDSA"] });
  } catch (cause) {
    throw new CryptoError("token_bad_signature", `${issuer} has not signed this token`, { cause });
  }
}
function publicJwk(id) {
  return { kty: "OKP", crv: "Ed25519", x: id };
}
function decodePart(part) {
  const bytes = Buffer.from(part, "base64url");
  if (bytes.toString("base64url") !== part) throw malformed("the parts of a token are base64url");
  return bytes;
}
function malformed(message2, cause) {
  return new CryptoError("token_malformed", message2, cause === void 0 ? {} : { cause });
}

// packages/crypto/src/token/token.ts
async function verifyToken(text3, options) {
  const { issuers, nowMs, clockToleranceMs = clockToleranceMsDefault } = options;
  const { header, payload } = decodeJws(text3);
  const issuer = parseHeader(header);
  if (![...issuers].includes(issuer)) {
    throw new CryptoError("token_unknown_issuer", `tokens of the issuer ${issuer} are not accepted`);
  }
  await verifyJws(text3, issuer);
  const claims = parsePayload(payload, issuer);
  const notAfterMs = claims.exp * 1e3 + clockToleranceMs;
  if (nowMs >= notAfterMs) {
    throw new CryptoError("token_expired", `the token expired at ${isoTime(claims.exp)}`);
  }
  if (claims.nbf !== void 0 && nowMs < claims.nbf * 1e3 - clockToleranceMs) {
    throw new CryptoError("token_not_yet_valid", `the token is valid from ${isoTime(claims.nbf)} on`);
  }
  return {
    realm: claims.realm,
    patterns: claims.names,
    notAfterMs,
    tokenId: claims.jti,
    subject: claims.sub,
    limits: claims.limits ?? {},
    issuer
  };
}
function parseHeader(header) {
  const { alg, typ, kid, ...others } = header;
  if (alg !== "EdDSA") {
    const shown = typeof alg === "string" ? JSON.stringify(alg.slice(0, 20)) : "none at all";
    throw new CryptoError("token_wrong_algorithm", `a token is signed with EdDSA, this one says ${shown}`);
  }
  if (typ !== "JWT" || typeof kid !== "string" || Object.keys(others).length > 0)
    throw new CryptoError(
      "token_malformed",
      'the header of a token has alg, typ "JWT" and kid, nothing else'
    );
  try {
    parseIdentityId(kid);
  } catch (cause) {
    throw new CryptoError("token_malformed", "kid is not the id of an identity", { cause });
  }
  return kid;
}
function parsePayload(payload, issuer) {
  const { iss, aud, ...claims } = parseJsonObject(payload);
  if (iss !== issuer) throw new CryptoError("token_malformed", "iss is another identity than kid");
  if (aud !== audience) throw new CryptoError("token_malformed", `the token is not for ${audience} (aud)`);
  return parseClaims(claims, "token_malformed");
}
function isoTime(seconds2) {
  return new Date(seconds2 * 1e3).toISOString();
}
var audience = "macula";

// packages/crypto/src/tunnel-key.ts
var tunnelKeyBytes = 32;
function deriveFirstPsk(isk) {
  requireLength("ISK", isk, { expected: iskBytes, code: "bad_key" });
  return hkdfSha256(isk, emptyBytes, firstPskLabel, tunnelKeyBytes);
}
function deriveAttachPsk(resumptionSecret, epoch) {
  requireLength("resumption secret", resumptionSecret, { expected: tunnelKeyBytes, code: "bad_key" });
  if (!Number.isInteger(epoch) || epoch < 1 || epoch > 4294967295) {
    throw new CryptoError("bad_option", "attach epoch must be 1 to 2^32 - 1");
  }
  const epochBytes = new Uint8Array(4);
  writeUint32(epochBytes, epoch, 0);
  return hkdfSha256(resumptionSecret, emptyBytes, concatBytes3([attachLabel, epochBytes]), tunnelKeyBytes);
}
var tunnelKeyLabel = asciiBytes("macula-dist-tunnel:");
var firstPskLabel = asciiBytes("macula tunnel psk");
var attachLabel = asciiBytes("attach");

// packages/wire/src/codes.ts
var wireCodes = {
  ok: { number: 0, sentence: "closed in good order" },
  protocol_error: { number: 1, sentence: "the peer sent something that the protocol does not allow" },
  version_unsupported: {
    number: 2,
    sentence: "the peer speaks another major version; update the older side"
  },
  hello_timeout: { number: 3, sentence: "the peer did not finish its HELLO in time" },
  bad_signature: { number: 4, sentence: "the peer could not prove its identity on this connection" },
  name_taken: {
    number: 5,
    sentence: "another node uses this name in this realm; choose another name or wait 15 s after the other has left"
  },
  replaced: {
    number: 6,
    sentence: "the same identity opened a newer session for this name; if that was no node of yours, a copy of its key file is in use: give each host its own"
  },
  realm_refused: {
    number: 7,
    sentence: "the relay does not serve this realm; join one that it serves, or have its operator add this one"
  },
  busy: { number: 8, sentence: "the relay is at its limit; try again later" },
  draining: { number: 9, sentence: "the relay is shutting down; use another one" },
  id_mismatch: {
    number: 10,
    sentence: "the relay is not the one pinned in its URL; ask its operator for its id: if it is another one, correct #id= in the URL, else something in between answers for it"
  },
  not_a_relay: {
    number: 11,
    sentence: 'one relay does not admit the other as a peer; give both the same --mesh-secret-file, or list the id of each at the other (--peer-id, or "relays" in the access file)'
  },
  self_connection: { number: 12, sentence: "the relay reached itself; remove its own URL from its peers" },
  shutdown: { number: 13, sentence: "the peer ended" },
  channel_binding_mismatch: {
    number: 14,
    sentence: "something between node and relay ends TLS; if that is a proxy of the operator, give the relay its certificate with --public-cert"
  },
  identity_conflict: {
    number: 15,
    sentence: "two hosts use the same identity key; give each its own (delete the copied key file, or set MACULA_DATA_DIR)"
  },
  session_limit: {
    number: 16,
    sentence: "the relay has as many sessions as it allows; end some, wait 30 s for those of a crash to be given up, or have its operator raise the limit"
  },
  name_limit: {
    number: 17,
    sentence: "the sessions want more names than the relay allows; use fewer names, or have its operator raise the limit"
  },
  rate_limited: {
    number: 18,
    sentence: "too many HELLOs or control messages in too short a time; find what the node does in a loop"
  },
  not_found: { number: 32, sentence: "no relay of the mesh knows a node of this name in this realm" },
  not_here: { number: 33, sentence: "this relay has no session of that name" },
  hop_limit: { number: 34, sentence: "too many relays on the way" },
  timeout: { number: 35, sentence: "the other side did not answer in time" },
  refused: { number: 36, sentence: "the other node does not accept connections" },
  decrypt_failed: { number: 37, sentence: "the two nodes do not share the same cookie" },
  beam_closed: { number: 38, sentence: "the other node closed the connection" },
  relay_lost: { number: 39, sentence: "a relay on the way was lost" },
  agent_stopped: { number: 40, sentence: "the agent of the other node ended" },
  tunnel_error: { number: 41, sentence: "the tunnel ended because its bytes were not what they must be" },
  too_many_failures: {
    number: 42,
    sentence: "too many failed attempts to connect from there; correct the cookie and wait 30 s"
  },
  tunnel_limit: {
    number: 43,
    sentence: "there are as many tunnels as the relay allows; disconnect nodes, or have its operator raise the limit"
  },
  open_rate: {
    number: 44,
    sentence: "too many connections were tried in too short a time; wait a few seconds, and find what tries them in a loop"
  },
  stream_limit: {
    number: 45,
    sentence: "too many connections are being made at this moment; wait a few seconds"
  },
  unknown_names: {
    number: 46,
    sentence: "too many names that no relay knows were tried in too short a time; wait a few seconds, and find what looks for nodes that are gone"
  },
  superseded: { number: 47, sentence: "the tunnel goes on over another path" },
  unknown_tunnel: {
    number: 48,
    sentence: "the agent of the other node knows nothing of this tunnel any more; connect again"
  },
  token_missing: {
    number: 64,
    sentence: "the realm needs a token; get one from its operator and join with it"
  },
  token_malformed: {
    number: 65,
    sentence: "the token is damaged or none of this mesh; copy it again, whole, or ask for a new one"
  },
  token_wrong_algorithm: {
    number: 66,
    sentence: "the token is not signed with EdDSA; have it made with macula token issue"
  },
  token_unknown_issuer: {
    number: 67,
    sentence: "the relay does not trust the issuer of the token for this realm; ask for a token of another issuer, or have the relay's operator add this one"
  },
  token_bad_signature: {
    number: 68,
    sentence: "the token was altered after it was signed; copy it again, whole, or ask for a new one"
  },
  token_expired: { number: 69, sentence: "the time of the token is over; ask its issuer for a new one" },
  token_not_yet_valid: {
    number: 70,
    sentence: "the time of the token has not begun; wait, or compare the clocks of issuer and relay"
  },
  token_revoked: { number: 71, sentence: "the token was taken back; ask its issuer for a new one" },
  token_wrong_realm: {
    number: 72,
    sentence: "the token is for another realm; join that one, or ask for a token of this one"
  },
  token_wrong_name: {
    number: 73,
    sentence: "the token does not allow this node name; use a name it allows, or ask for a token with this one"
  },
  token_wrong_identity: {
    number: 74,
    sentence: "the token is bound to the identity of another node; use the key file it was made for, or ask for a token of this identity"
  }
};
var nameByNumber = new Map(
  Object.entries(wireCodes).map(([name, { number }]) => [number, name])
);
function codeNumber(code) {
  return wireCodes[code].number;
}
function codeFromNumber(number) {
  return nameByNumber.get(number) ?? "protocol_error";
}
function codeSentence(code, cause) {
  const { sentence } = wireCodes[code];
  if (cause === void 0) return sentence;
  const remedy = codeRemedy(code);
  return remedy === void 0 ? cause : `${cause}; ${remedy}`;
}
function codeRemedy(code) {
  const { sentence } = wireCodes[code];
  const at = sentence.indexOf("; ");
  return at < 0 ? void 0 : sentence.slice(at + 2);
}

// packages/wire/src/errors.ts
var WireError = class extends Error {
  name = "WireError";
  code;
  constructor(code, message2, options) {
    super(message2, options);
    this.code = code;
  }
  /** The code to close the connection with. */
  get closeCode() {
    switch (this.code) {
      case "version_unsupported":
      case "bad_signature":
      case "id_mismatch":
      case "channel_binding_mismatch":
        return this.code;
      default:
        return "protocol_error";
    }
  }
};

// packages/wire/src/limits.ts
var frameBytesMax = 64 * 1024;
var helloBytesMax = 64 * 1024;
var helloTimeoutMs = 5e3;
var nodeNameBytesMax = 1020;
var realmBytesMax = 255;
var namesPerSessionMax = 64;
var openPayloadBytesMax = 8192;
var hopLimitDefault = 3;
var visitedRelaysMax = 1024;
var bodyDepthMax = 6;
var textBytesMax = 1024;
var tokenBytesMax2 = 4096;
var excludedSessionsMax = 8;
var hintedRelaysMax = 8;
var nameBytesPerSessionMax = 32 * 1024;
var ownedEntryBytesMax = 48 * 1024;
var ownedAgeMsMax = 6e5;
var ownedOriginsMax = 1024;

// packages/wire/src/frame.ts
function encodeRawFrame(type, body) {
  const length = 1 + body.length;
  if (length > frameBytesMax) throw new RangeError(`frame of ${length} bytes is above ${frameBytesMax}`);
  const bytes = new Uint8Array(4 + length);
  new DataView(bytes.buffer).setUint32(0, length);
  bytes[4] = type;
  bytes.set(body, 5);
  return bytes;
}
var FrameReader = class {
  #buffer = new Uint8Array(0);
  /** Adds received bytes. */
  push(bytes) {
    if (this.#buffer.length === 0) {
      this.#buffer = bytes;
      return;
    }
    const joined = new Uint8Array(this.#buffer.length + bytes.length);
    joined.set(this.#buffer);
    joined.set(bytes, this.#buffer.length);
    this.#buffer = joined;
  }
  /**
   * The next whole frame, or undefined.
   * @throws WireError `bad_frame_length`; the reader must not be used afterwards
   */
  next() {
    const buffer = this.#buffer;
    if (buffer.length < 4) return void 0;
    const length = new DataView(buffer.buffer, buffer.byteOffset, 4).getUint32(0);
    if (length < 1 || length > frameBytesMax) {
      throw new WireError("bad_frame_length", `frame length ${length} is not between 1 and ${frameBytesMax}`);
    }
    if (buffer.length < 4 + length) return void 0;
    this.#buffer = buffer.subarray(4 + length);
    return { type: buffer[4], body: buffer.subarray(5, 4 + length) };
  }
  /** Bytes received and not yet cut. */
  get bufferedBytes() {
    return this.#buffer.length;
  }
  /** The bytes behind the last frame; the reader is empty afterwards. */
  takeRest() {
    const rest = this.#buffer;
    this.#buffer = new Uint8Array(0);
    return rest;
  }
};

// packages/wire/src/signed-fields.ts
var textEncoder = new TextEncoder();
function concatFields(fields) {
  const bytes = new Uint8Array(fields.reduce((sum, field) => sum + 4 + field.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const field of fields) {
    view.setUint32(at, field.length);
    bytes.set(field, at + 4);
    at += 4 + field.length;
  }
  return bytes;
}
function text2(value) {
  return textEncoder.encode(value);
}
function u64(value) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

// packages/wire/src/name-claim.ts
function signNameClaim(identity, claim) {
  return identity.sign(claimBytes(claim));
}
function verifyNameClaim(claim, signature) {
  return verifySignature({ publicKey: claim.identity, message: claimBytes(claim), signature });
}
function namesAfter(before, { add: add2, remove }) {
  return [.../* @__PURE__ */ new Set([...before.filter((name) => !remove.includes(name)), ...add2])];
}
function claimBytes(claim) {
  return concatFields([
    text2(claim.standby === true ? "macula standby 2" : "macula names 2"),
    text2(claim.realm),
    claim.identity,
    claim.bootId,
    u64(claim.sessionSeq),
    u64(claim.claimSeq),
    claim.relay,
    u64(claim.names.length),
    ...claim.names.map(text2)
  ]);
}

// packages/wire/src/version.ts
var wireMajor = 2;
var wireMinor = 1;
var standbyMinor = 1;
function requireMajor(major2, whose) {
  if (major2 === wireMajor) return;
  const [dialer, listener] = whose === "dialer" ? [major2, wireMajor] : [wireMajor, major2];
  throw new WireError(
    "version_unsupported",
    `the side that dialled speaks version ${dialer} of the mesh protocol, the relay version ${listener}; update the older one`
  );
}

// packages/wire/src/hello.ts
var HelloDialer = class {
  /** The message to send first. */
  hello;
  #options;
  #isMeshSecretProven = false;
  constructor(options) {
    this.#options = options;
    this.hello = {
      kind: "hello",
      major: wireMajor,
      minor: options.minor ?? wireMinor,
      role: options.role,
      realm: options.realm,
      names: options.names,
      identity: options.identity.publicKey,
      bootId: options.bootId,
      sessionSeq: options.sessionSeq,
      nonce: options.nonce,
      certificate: options.certificateSha256,
      label: options.label,
      ...options.standby === true ? { standby: true } : {}
    };
  }
  /** Whether the listener has proven the mesh secret; known after `handleChallenge`. */
  get isMeshSecretProven() {
    return this.#isMeshSecretProven;
  }
  /**
   * Checks the listener's proof and makes our own.
   * @throws WireError `version_unsupported`, `id_mismatch` or `bad_signature`
   */
  handleChallenge(challenge) {
    const { identity, identityPin, meshSecret, token } = this.#options;
    const { role } = this.hello;
    requireMajor(challenge.major, "listener");
    if (this.hello.standby === true && challenge.minor < standbyMinor)
      throw new WireError("version_unsupported", "the relay does not know standby sessions; update it");
    const relayId = usableId(challenge.identity);
    if (identityPin !== void 0 && relayId !== identityPin)
      throw new WireError(
        "id_mismatch",
        codeSentence("id_mismatch", `the relay is ${relayId}, and its URL pins ${identityPin}`)
      );
    const transcript = helloTranscript(this.hello, challenge);
    requireSignature({
      publicKey: challenge.identity,
      message: signedBytes("listener", role, transcript),
      signature: challenge.signature
    });
    this.#isMeshSecretProven = isMeshProof(meshSecret, challenge.meshProof, "listener", transcript);
    const claim = claimOf(this.hello, challenge.identity);
    return {
      kind: "proof",
      signature: identity.sign(signedBytes("dialer", role, transcript, token)),
      ...token === void 0 ? {} : { token },
      ...role === "agent" ? { claim: signNameClaim(identity, claim) } : {},
      // Only to who knows the secret: to a stranger it would be a way to ask whether a guess is right.
      ...this.#isMeshSecretProven ? { meshProof: meshProof(meshSecret, "dialer", transcript) } : {}
    };
  }
};
var HelloListener = class {
  #options;
  #accepted;
  constructor(options) {
    this.#options = options;
  }
  /**
   * Answers a HELLO; nothing in it is proven yet.
   * @throws WireError `version_unsupported` or `channel_binding_mismatch`
   */
  handleHello(hello2) {
    requireMajor(hello2.major, "dialer");
    const { identity, bootId, nonce, meshSecret, minor = wireMinor } = this.#options;
    this.#requireOwnCertificate(hello2.certificate);
    const unsigned2 = { major: wireMajor, minor, identity: identity.publicKey, bootId, nonce };
    const transcript = helloTranscript(hello2, unsigned2);
    this.#accepted = { hello: hello2, transcript };
    const isMeshProofDue = hello2.role === "relay" && meshSecret !== void 0;
    return {
      kind: "challenge",
      ...unsigned2,
      signature: identity.sign(signedBytes("listener", hello2.role, transcript)),
      ...isMeshProofDue ? { meshProof: meshProof(meshSecret, "listener", transcript) } : {}
    };
  }
  /**
   * Checks the dialer's proof.
   * @throws WireError `bad_signature` or `unexpected_message`
   */
  handleProof(proof) {
    if (this.#accepted === void 0) throw new WireError("unexpected_message", "PROOF before HELLO");
    const { hello: hello2, transcript } = this.#accepted;
    const { identity, meshSecret } = this.#options;
    requireSignature({
      publicKey: hello2.identity,
      message: signedBytes("dialer", hello2.role, transcript, proof.token),
      signature: proof.signature
    });
    const isMeshSecretProven = hello2.role === "relay" && isMeshProof(meshSecret, proof.meshProof, "dialer", transcript);
    return {
      hello: hello2,
      token: proof.token,
      claim: provenClaim(hello2, proof, identity.publicKey),
      isMeshSecretProven
    };
  }
  #requireOwnCertificate(certificate) {
    const { certificateSha256: certificateSha2562, publicCertificates = [] } = this.#options;
    const isOwn = [certificateSha2562, ...publicCertificates].some(
      (own) => constantTimeEqual(own, certificate)
    );
    if (isOwn) return;
    throw new WireError(
      "channel_binding_mismatch",
      codeSentence(
        "channel_binding_mismatch",
        "the certificate that the dialer saw is not one of this relay, so something in between ends TLS"
      )
    );
  }
};
function requireSignature(parts2) {
  usableId(parts2.publicKey);
  if (!verifySignature(parts2))
    throw new WireError("bad_signature", "the signature in the HELLO does not fit");
}
function usableId(publicKey) {
  try {
    return identityId(publicKey);
  } catch (cause) {
    throw new WireError("bad_signature", "the key in the HELLO is unusable", { cause });
  }
}
function claimOf(hello2, relay) {
  const { realm, identity, bootId, sessionSeq, names, standby } = hello2;
  const claim = { realm, identity, bootId, sessionSeq, claimSeq: 0, relay, names };
  return standby === true ? { ...claim, standby } : claim;
}
function provenClaim(hello2, proof, relay) {
  if (hello2.role !== "agent") return void 0;
  const claim = claimOf(hello2, relay);
  if (proof.claim === void 0 || !verifyNameClaim(claim, proof.claim))
    throw new WireError("bad_signature", "the signature over the names does not fit");
  return { claim, signature: proof.claim };
}
function signedBytes(side, role, transcript, token = "") {
  return concatFields([text2(`macula hello 2 ${side} of ${role}`), transcript, text2(token)]);
}
function meshProof(secret, side, transcript) {
  return hmacSha256(secret, [concatFields([text2(`macula mesh 2 ${side}`), transcript])]);
}
function isMeshProof(secret, proof, side, transcript) {
  if (secret === void 0 || proof === void 0) return false;
  return constantTimeEqual(proof, meshProof(secret, side, transcript));
}
function helloTranscript(hello2, challenge) {
  return concatFields([
    Uint8Array.of(hello2.major >> 8, hello2.major, hello2.minor >> 8, hello2.minor),
    Uint8Array.of(challenge.major >> 8, challenge.major, challenge.minor >> 8, challenge.minor),
    text2(hello2.role),
    text2(hello2.realm),
    text2(hello2.label),
    hello2.identity,
    hello2.bootId,
    u64(hello2.sessionSeq),
    hello2.nonce,
    challenge.identity,
    challenge.bootId,
    challenge.nonce,
    hello2.certificate,
    u64(hello2.names.length),
    ...hello2.names.map(text2)
  ]);
}

// node_modules/.pnpm/msgpackr@2.1.3/node_modules/msgpackr/unpack.js
var decoder2;
try {
  decoder2 = new TextDecoder();
} catch (error) {
}
var src;
var srcEnd;
var position = 0;
var EMPTY_ARRAY = [];
var EXTRACTION_FAILED = [];
var strings = EMPTY_ARRAY;
var stringPosition = 0;
var currentUnpackr = {};
var currentStructures;
var srcString;
var srcStringStart = 0;
var srcStringEnd = 0;
var bundledStrings;
var referenceMap;
var currentExtensions = [];
var dataView;
var arrayAllocationBudget;
var defaultOptions = {
  useRecords: false,
  mapsAsObjects: true
};
var C1Type = class {
};
var C1 = new C1Type();
C1.name = "MessagePack 0xC1";
var sequentialMode = false;
var inlineObjectReadThreshold = 2;
var Unpackr = class _Unpackr {
  constructor(options) {
    if (options) {
      if (options.useRecords === false && options.mapsAsObjects === void 0)
        options.mapsAsObjects = true;
      if (options.sequential && options.trusted !== false) {
        options.trusted = true;
        if (!options.structures && options.useRecords != false) {
          options.structures = [];
          if (!options.maxSharedStructures)
            options.maxSharedStructures = 0;
        }
      }
      if (options.structures)
        options.structures.sharedLength = options.structures.length;
      else if (options.getStructures) {
        (options.structures = []).uninitialized = true;
        options.structures.sharedLength = 0;
      }
      if (options.int64AsNumber) {
        options.int64AsType = "number";
      }
    }
    Object.assign(this, options);
  }
  unpack(source, options) {
    if (src) {
      return saveState(() => {
        clearSource();
        try {
          return this ? this.unpack(source, options) : _Unpackr.prototype.unpack.call(defaultOptions, source, options);
        } catch (error) {
          if (error && typeof error == "object")
            nestedUnpackErrors.add(error);
          throw error;
        }
      });
    }
    if (!source.buffer && source.constructor === ArrayBuffer)
      source = typeof Buffer !== "undefined" ? Buffer.from(source) : new Uint8Array(source);
    if (typeof options === "object") {
      srcEnd = options.end || source.length;
      position = options.start || 0;
    } else {
      position = 0;
      srcEnd = options > -1 ? options : source.length;
    }
    if (srcEnd > source.length) srcEnd = source.length;
    stringPosition = 0;
    srcStringEnd = 0;
    srcString = null;
    strings = EMPTY_ARRAY;
    bundledStrings = null;
    src = source;
    try {
      dataView = source.dataView || (source.dataView = new DataView(source.buffer, source.byteOffset, source.byteLength));
    } catch (error) {
      src = null;
      if (source instanceof Uint8Array)
        throw error;
      throw new Error("Source must be a Uint8Array or Buffer but was a " + (source && typeof source == "object" ? source.constructor.name : typeof source));
    }
    if (this instanceof _Unpackr) {
      currentUnpackr = this;
      if (this.structures) {
        currentStructures = this.structures;
        return checkedRead(options);
      } else if (!currentStructures || currentStructures.length > 0) {
        currentStructures = [];
      }
    } else {
      currentUnpackr = defaultOptions;
      if (!currentStructures || currentStructures.length > 0)
        currentStructures = [];
    }
    return checkedRead(options);
  }
  unpackMultiple(source, forEach) {
    let values, lastPosition = 0;
    try {
      sequentialMode = true;
      let size = source.length;
      let value = this ? this.unpack(source, size) : defaultUnpackr.unpack(source, size);
      if (forEach) {
        if (forEach(value, lastPosition, position) === false) return;
        while (position < size) {
          lastPosition = position;
          if (forEach(checkedRead(), lastPosition, position) === false) {
            return;
          }
        }
      } else {
        values = [value];
        while (position < size) {
          lastPosition = position;
          values.push(checkedRead());
        }
        return values;
      }
    } catch (error) {
      error.lastPosition = lastPosition;
      error.values = values;
      throw error;
    } finally {
      sequentialMode = false;
      clearSource();
    }
  }
  _mergeStructures(loadedStructures, existingStructures) {
    if (this._onLoadedStructures)
      loadedStructures = this._onLoadedStructures(loadedStructures);
    loadedStructures = loadedStructures || [];
    if (Object.isFrozen(loadedStructures))
      loadedStructures = loadedStructures.map((structure) => structure.slice(0));
    for (let i = 0, l = loadedStructures.length; i < l; i++) {
      let structure = loadedStructures[i];
      if (structure) {
        structure.isShared = true;
        if (i >= 32)
          structure.highByte = i - 32 >> 5;
      }
    }
    loadedStructures.sharedLength = loadedStructures.length;
    for (let id in existingStructures || []) {
      if (id >= 0) {
        let structure = loadedStructures[id];
        let existing = existingStructures[id];
        if (existing) {
          if (structure)
            (loadedStructures.restoreStructures || (loadedStructures.restoreStructures = []))[id] = structure;
          loadedStructures[id] = existing;
        }
      }
    }
    return this.structures = loadedStructures;
  }
  decode(source, options) {
    return this.unpack(source, options);
  }
};
var nestedUnpackErrors = /* @__PURE__ */ new WeakSet();
function checkedRead(options) {
  try {
    if (!currentUnpackr.trusted && !sequentialMode) {
      let sharedLength = currentStructures.sharedLength || 0;
      if (sharedLength < currentStructures.length)
        currentStructures.length = sharedLength;
    }
    let result;
    arrayAllocationBudget = srcEnd - position;
    if (currentUnpackr._readStruct && src[position] < 64 && src[position] >= 32) {
      result = currentUnpackr._readStruct(src, position, srcEnd);
      src = null;
      if (!(options && options.lazy) && result)
        result = result.toJSON();
      position = srcEnd;
    } else
      result = read();
    if (bundledStrings) {
      position = bundledStrings.postBundlePosition;
      bundledStrings = null;
    }
    if (sequentialMode)
      currentStructures.restoreStructures = null;
    if (position == srcEnd) {
      if (currentStructures && currentStructures.restoreStructures)
        restoreStructures();
      currentStructures = null;
      src = null;
      if (referenceMap)
        referenceMap = null;
    } else if (position > srcEnd) {
      throw new Error("Unexpected end of MessagePack data");
    } else if (!sequentialMode) {
      let jsonView;
      try {
        jsonView = JSON.stringify(result, (_, value) => typeof value === "bigint" ? `${value}n` : value).slice(0, 100);
      } catch (error) {
        jsonView = "(JSON view not available " + error + ")";
      }
      throw new Error("Data read, but end of buffer not reached " + jsonView);
    }
    return result;
  } catch (error) {
    if (currentStructures && currentStructures.restoreStructures)
      restoreStructures();
    clearSource();
    classifyIncomplete(error);
    throw error;
  }
}
function classifyIncomplete(error) {
  if (!error || typeof error != "object")
    return;
  if (position > srcEnd) {
    error.incomplete = true;
  } else if (nestedUnpackErrors.has(error)) {
    if (error.incomplete)
      error.incomplete = false;
  } else if (error instanceof RangeError && position + 8 > srcEnd || typeof error.message == "string" && error.message.startsWith("Unexpected end of buffer")) {
    error.incomplete = true;
  }
}
function restoreStructures() {
  for (let id in currentStructures.restoreStructures) {
    currentStructures[id] = currentStructures.restoreStructures[id];
  }
  currentStructures.restoreStructures = null;
}
function read() {
  let token = src[position++];
  if (token < 160) {
    if (token < 128) {
      if (token < 64)
        return token;
      else {
        let structure = currentStructures[token & 63] || currentUnpackr.getStructures && loadStructures()[token & 63];
        if (structure) {
          if (!structure.read) {
            structure.read = createStructureReader(structure, token & 63);
          }
          return structure.read();
        } else
          return token;
      }
    } else if (token < 144) {
      token -= 128;
      if (currentUnpackr.mapsAsObjects) {
        let object = {};
        for (let i = 0; i < token; i++) {
          let key = readKey();
          if (key === "__proto__")
            key = "__proto_";
          object[key] = read();
        }
        return object;
      } else {
        let map = /* @__PURE__ */ new Map();
        for (let i = 0; i < token; i++) {
          map.set(read(), read());
        }
        return map;
      }
    } else {
      token -= 144;
      let array = new Array(token);
      for (let i = 0; i < token; i++) {
        array[i] = read();
      }
      if (currentUnpackr.freezeData)
        return Object.freeze(array);
      return array;
    }
  } else if (token < 192) {
    let length = token - 160;
    if (srcStringEnd >= position) {
      return srcString.slice(position - srcStringStart, (position += length) - srcStringStart);
    }
    if (srcStringEnd == 0 && srcEnd < 140) {
      let string = length < 16 ? shortStringInJS(length) : longStringInJS(length);
      if (string != null)
        return string;
    }
    return readFixedString(length);
  } else {
    let value;
    switch (token) {
      case 192:
        return null;
      case 193:
        if (bundledStrings) {
          value = read();
          if (value > 0)
            return bundledStrings[1].slice(bundledStrings.position1, bundledStrings.position1 += value);
          else
            return bundledStrings[0].slice(bundledStrings.position0, bundledStrings.position0 -= value);
        }
        return C1;
      // "never-used", return special object to denote that
      case 194:
        return false;
      case 195:
        return true;
      case 196:
        value = src[position++];
        if (value === void 0)
          throw new Error("Unexpected end of buffer");
        return readBin(value);
      case 197:
        value = dataView.getUint16(position);
        position += 2;
        if (value > srcEnd - position) throw endOfMessagePackError(position + value);
        return readBin(value);
      case 198:
        value = dataView.getUint32(position);
        position += 4;
        if (value > srcEnd - position) throw endOfMessagePackError(position + value);
        return readBin(value);
      case 199:
        return readExt(src[position++]);
      case 200:
        value = dataView.getUint16(position);
        position += 2;
        return readExt(value);
      case 201:
        value = dataView.getUint32(position);
        position += 4;
        return readExt(value);
      case 202:
        value = dataView.getFloat32(position);
        if (currentUnpackr.useFloat32 > 2) {
          let multiplier = mult10[(src[position] & 127) << 1 | src[position + 1] >> 7];
          position += 4;
          return (multiplier * value + (value > 0 ? 0.5 : -0.5) >> 0) / multiplier;
        }
        position += 4;
        return value;
      case 203:
        value = dataView.getFloat64(position);
        position += 8;
        return value;
      // uint handlers
      case 204:
        return src[position++];
      case 205:
        value = dataView.getUint16(position);
        position += 2;
        return value;
      case 206:
        value = dataView.getUint32(position);
        position += 4;
        return value;
      case 207:
        if (currentUnpackr.int64AsType === "number") {
          value = dataView.getUint32(position) * 4294967296;
          value += dataView.getUint32(position + 4);
        } else if (currentUnpackr.int64AsType === "string") {
          value = dataView.getBigUint64(position).toString();
        } else if (currentUnpackr.int64AsType === "auto") {
          value = dataView.getBigUint64(position);
          if (value <= BigInt(2) << BigInt(52)) value = Number(value);
        } else
          value = dataView.getBigUint64(position);
        position += 8;
        return value;
      // int handlers
      case 208:
        return dataView.getInt8(position++);
      case 209:
        value = dataView.getInt16(position);
        position += 2;
        return value;
      case 210:
        value = dataView.getInt32(position);
        position += 4;
        return value;
      case 211:
        if (currentUnpackr.int64AsType === "number") {
          value = dataView.getInt32(position) * 4294967296;
          value += dataView.getUint32(position + 4);
        } else if (currentUnpackr.int64AsType === "string") {
          value = dataView.getBigInt64(position).toString();
        } else if (currentUnpackr.int64AsType === "auto") {
          value = dataView.getBigInt64(position);
          if (value >= BigInt(-2) << BigInt(52) && value <= BigInt(2) << BigInt(52)) value = Number(value);
        } else
          value = dataView.getBigInt64(position);
        position += 8;
        return value;
      case 212:
        value = src[position++];
        if (value == 114) {
          return recordDefinition(src[position++] & 63);
        } else {
          let extension = currentExtensions[value];
          if (extension) {
            if (extension.read) {
              position++;
              return extension.read(read());
            } else if (extension.noBuffer) {
              position++;
              return extension();
            } else {
              if (position >= srcEnd) throw endOfMessagePackError();
              return extension(src.subarray(position, ++position));
            }
          } else
            throw new Error("Unknown extension " + value);
        }
      case 213:
        value = src[position];
        if (value == 114) {
          position++;
          return recordDefinition(src[position++] & 63, src[position++]);
        } else
          return readExt(2);
      case 214:
        return readExt(4);
      case 215:
        return readExt(8);
      case 216:
        return readExt(16);
      case 217:
        value = src[position++];
        if (srcStringEnd >= position) {
          return srcString.slice(position - srcStringStart, (position += value) - srcStringStart);
        }
        return readString8(value);
      case 218:
        value = dataView.getUint16(position);
        position += 2;
        if (value > srcEnd - position) throw endOfMessagePackError(position + value);
        if (srcStringEnd >= position) {
          return srcString.slice(position - srcStringStart, (position += value) - srcStringStart);
        }
        return readString16(value);
      case 219:
        value = dataView.getUint32(position);
        position += 4;
        if (value > srcEnd - position) throw endOfMessagePackError(position + value);
        if (srcStringEnd >= position) {
          return srcString.slice(position - srcStringStart, (position += value) - srcStringStart);
        }
        return readString32(value);
      case 220:
        value = dataView.getUint16(position);
        position += 2;
        return readArray(value);
      case 221:
        value = dataView.getUint32(position);
        position += 4;
        return readArray(value);
      case 222:
        value = dataView.getUint16(position);
        position += 2;
        return readMap(value);
      case 223:
        value = dataView.getUint32(position);
        position += 4;
        return readMap(value);
      default:
        if (token >= 224)
          return token - 256;
        if (token === void 0) throw endOfMessagePackError();
        throw new Error("Unknown MessagePack token " + token);
    }
  }
}
var validName = /^[a-zA-Z_$][a-zA-Z\d_$]*$/;
function createStructureReader(structure, firstId) {
  function readObject() {
    if (readObject.count++ > inlineObjectReadThreshold) {
      let optimizedReadObject;
      try {
        optimizedReadObject = structure.read = new Function("r", "return function(){return " + (currentUnpackr.freezeData ? "Object.freeze" : "") + "({" + structure.map((key) => key === "__proto__" ? "__proto_:r()" : validName.test(key) ? key + ":r()" : "[" + JSON.stringify(key) + "]:r()").join(",") + "})}")(read);
      } catch (error) {
        inlineObjectReadThreshold = Infinity;
        return readObject();
      }
      structure.read0 = optimizedReadObject;
      if (structure.highByte === 0)
        structure.read = createSecondByteReader(firstId, structure.read);
      return optimizedReadObject();
    }
    let object = {};
    for (let i = 0, l = structure.length; i < l; i++) {
      let key = structure[i];
      if (key === "__proto__")
        key = "__proto_";
      object[key] = read();
    }
    if (currentUnpackr.freezeData)
      return Object.freeze(object);
    return object;
  }
  readObject.count = 0;
  structure.read0 = readObject;
  if (structure.highByte === 0) {
    return createSecondByteReader(firstId, readObject);
  }
  return readObject;
}
var createSecondByteReader = (firstId, read0) => {
  return function() {
    let highByte = src[position++];
    if (highByte === 0)
      return read0();
    let id = firstId < 32 ? -(firstId + (highByte << 5)) : firstId + (highByte << 5);
    let structure = currentStructures[id] || loadStructures()[id];
    if (!structure) {
      throw new Error("Record id is not defined for " + id);
    }
    if (!structure.read)
      structure.read = createStructureReader(structure, firstId);
    return structure.read();
  };
};
function loadStructures() {
  let loadedStructures = saveState(() => {
    src = null;
    return currentUnpackr.getStructures();
  });
  return currentStructures = currentUnpackr._mergeStructures(loadedStructures, currentStructures);
}
var readFixedString = readStringJS;
var readString8 = readStringJS;
var readString16 = readStringJS;
var readString32 = readStringJS;
var isNativeAccelerationEnabled = false;
function setExtractor(extractStrings) {
  isNativeAccelerationEnabled = true;
  readFixedString = readString(1);
  readString8 = readString(2);
  readString16 = readString(3);
  readString32 = readString(5);
  function tryExtractStrings(start, end2, buffer) {
    try {
      return extractStrings(start, end2, buffer);
    } catch (error) {
      return EXTRACTION_FAILED;
    }
  }
  function readString(headerLength) {
    return function readString2(length) {
      let string = strings[stringPosition++];
      if (string == null) {
        if (bundledStrings || strings === EXTRACTION_FAILED)
          return readStringJS(length);
        let byteOffset = src.byteOffset;
        let extraction = tryExtractStrings(position - headerLength + byteOffset, srcEnd + byteOffset, src.buffer);
        if (extraction === EXTRACTION_FAILED) {
          strings = EXTRACTION_FAILED;
          return readStringJS(length);
        }
        if (typeof extraction == "string") {
          string = extraction;
          strings = EMPTY_ARRAY;
        } else {
          strings = extraction;
          stringPosition = 1;
          srcStringEnd = 1;
          string = strings[0];
          if (string === void 0)
            throw new Error("Unexpected end of buffer");
        }
      }
      let srcStringLength = string.length;
      if (srcStringLength <= length) {
        position += length;
        return string;
      }
      srcString = string;
      srcStringStart = position;
      srcStringEnd = position + srcStringLength;
      position += length;
      return string.slice(0, length);
    };
  }
}
function readStringJS(length) {
  let result;
  if (length < 16) {
    if (result = shortStringInJS(length))
      return result;
  }
  if (length > 64 && decoder2)
    return decoder2.decode(src.subarray(position, position += length));
  const end2 = position + length;
  const units = [];
  result = "";
  while (position < end2) {
    const byte1 = src[position++];
    if ((byte1 & 128) === 0) {
      units.push(byte1);
    } else if ((byte1 & 224) === 192) {
      if (byte1 < 194 || position >= end2 || (src[position] & 192) !== 128) {
        units.push(65533);
      } else {
        const byte2 = src[position++] & 63;
        units.push((byte1 & 31) << 6 | byte2);
      }
    } else if ((byte1 & 240) === 224) {
      const byte2 = position < end2 ? src[position] : 0;
      if (position >= end2 || (byte2 & 192) !== 128 || byte1 === 224 && byte2 < 160 || byte1 === 237 && byte2 >= 160) {
        units.push(65533);
      } else {
        position++;
        if (position >= end2 || (src[position] & 192) !== 128) {
          units.push(65533);
        } else {
          const byte3 = src[position++] & 63;
          units.push((byte1 & 31) << 12 | (byte2 & 63) << 6 | byte3);
        }
      }
    } else if ((byte1 & 248) === 240) {
      const byte2 = position < end2 ? src[position] : 0;
      if (byte1 > 244 || position >= end2 || (byte2 & 192) !== 128 || byte1 === 240 && byte2 < 144 || byte1 === 244 && byte2 >= 144) {
        units.push(65533);
      } else {
        position++;
        if (position >= end2 || (src[position] & 192) !== 128) {
          units.push(65533);
        } else {
          const byte3 = src[position++] & 63;
          if (position >= end2 || (src[position] & 192) !== 128) {
            units.push(65533);
          } else {
            const byte4 = src[position++] & 63;
            let unit = (byte1 & 7) << 18 | (byte2 & 63) << 12 | byte3 << 6 | byte4;
            unit -= 65536;
            units.push(unit >>> 10 & 1023 | 55296);
            units.push(56320 | unit & 1023);
          }
        }
      }
    } else {
      units.push(65533);
    }
    if (units.length >= 4096) {
      result += fromCharCode.apply(String, units);
      units.length = 0;
    }
  }
  if (units.length > 0) {
    result += fromCharCode.apply(String, units);
  }
  return result;
}
function endOfMessagePackError(end2) {
  let error = new Error("Unexpected end of MessagePack data");
  error.incomplete = true;
  if (end2 > srcEnd && position <= srcEnd)
    error.missingBytes = end2 - srcEnd;
  return error;
}
function readArray(length) {
  if (length > srcEnd - position || (arrayAllocationBudget -= length) < 0) throw endOfMessagePackError(position + length);
  let array = new Array(length);
  for (let i = 0; i < length; i++) {
    array[i] = read();
  }
  if (currentUnpackr.freezeData)
    return Object.freeze(array);
  return array;
}
function readMap(length) {
  if (length > (srcEnd - position) / 2) throw endOfMessagePackError(position + 2 * length);
  if (currentUnpackr.mapsAsObjects) {
    let object = {};
    for (let i = 0; i < length; i++) {
      let key = readKey();
      if (key === "__proto__")
        key = "__proto_";
      object[key] = read();
    }
    return object;
  } else {
    let map = /* @__PURE__ */ new Map();
    for (let i = 0; i < length; i++) {
      map.set(read(), read());
    }
    return map;
  }
}
var fromCharCode = String.fromCharCode;
function longStringInJS(length) {
  let start = position;
  if (src.latin1Slice) {
    let end2 = start + length;
    if (end2 > srcEnd)
      return;
    for (let i = start; i < end2; i++) {
      if ((src[i] & 128) > 0)
        return;
    }
    position = end2;
    return src.latin1Slice(start, end2);
  }
  let bytes = new Array(length);
  for (let i = 0; i < length; i++) {
    const byte = src[position++];
    if ((byte & 128) > 0) {
      position = start;
      return;
    }
    bytes[i] = byte;
  }
  return fromCharCode.apply(String, bytes);
}
function shortStringInJS(length) {
  if (length < 4) {
    if (length < 2) {
      if (length === 0)
        return "";
      else {
        let a = src[position++];
        if ((a & 128) > 1) {
          position -= 1;
          return;
        }
        return fromCharCode(a);
      }
    } else {
      let a = src[position++];
      let b = src[position++];
      if ((a & 128) > 0 || (b & 128) > 0) {
        position -= 2;
        return;
      }
      if (length < 3)
        return fromCharCode(a, b);
      let c = src[position++];
      if ((c & 128) > 0) {
        position -= 3;
        return;
      }
      return fromCharCode(a, b, c);
    }
  } else {
    let a = src[position++];
    let b = src[position++];
    let c = src[position++];
    let d = src[position++];
    if ((a & 128) > 0 || (b & 128) > 0 || (c & 128) > 0 || (d & 128) > 0) {
      position -= 4;
      return;
    }
    if (length < 6) {
      if (length === 4)
        return fromCharCode(a, b, c, d);
      else {
        let e = src[position++];
        if ((e & 128) > 0) {
          position -= 5;
          return;
        }
        return fromCharCode(a, b, c, d, e);
      }
    } else if (length < 8) {
      let e = src[position++];
      let f = src[position++];
      if ((e & 128) > 0 || (f & 128) > 0) {
        position -= 6;
        return;
      }
      if (length < 7)
        return fromCharCode(a, b, c, d, e, f);
      let g = src[position++];
      if ((g & 128) > 0) {
        position -= 7;
        return;
      }
      return fromCharCode(a, b, c, d, e, f, g);
    } else {
      let e = src[position++];
      let f = src[position++];
      let g = src[position++];
      let h = src[position++];
      if ((e & 128) > 0 || (f & 128) > 0 || (g & 128) > 0 || (h & 128) > 0) {
        position -= 8;
        return;
      }
      if (length < 10) {
        if (length === 8)
          return fromCharCode(a, b, c, d, e, f, g, h);
        else {
          let i = src[position++];
          if ((i & 128) > 0) {
            position -= 9;
            return;
          }
          return fromCharCode(a, b, c, d, e, f, g, h, i);
        }
      } else if (length < 12) {
        let i = src[position++];
        let j = src[position++];
        if ((i & 128) > 0 || (j & 128) > 0) {
          position -= 10;
          return;
        }
        if (length < 11)
          return fromCharCode(a, b, c, d, e, f, g, h, i, j);
        let k = src[position++];
        if ((k & 128) > 0) {
          position -= 11;
          return;
        }
        return fromCharCode(a, b, c, d, e, f, g, h, i, j, k);
      } else {
        let i = src[position++];
        let j = src[position++];
        let k = src[position++];
        let l = src[position++];
        if ((i & 128) > 0 || (j & 128) > 0 || (k & 128) > 0 || (l & 128) > 0) {
          position -= 12;
          return;
        }
        if (length < 14) {
          if (length === 12)
            return fromCharCode(a, b, c, d, e, f, g, h, i, j, k, l);
          else {
            let m = src[position++];
            if ((m & 128) > 0) {
              position -= 13;
              return;
            }
            return fromCharCode(a, b, c, d, e, f, g, h, i, j, k, l, m);
          }
        } else {
          let m = src[position++];
          let n = src[position++];
          if ((m & 128) > 0 || (n & 128) > 0) {
            position -= 14;
            return;
          }
          if (length < 15)
            return fromCharCode(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
          let o = src[position++];
          if ((o & 128) > 0) {
            position -= 15;
            return;
          }
          return fromCharCode(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o);
        }
      }
    }
  }
}
function readOnlyJSString() {
  let token = src[position++];
  let length;
  if (token < 192) {
    length = token - 160;
  } else {
    switch (token) {
      case 217:
        length = src[position++];
        break;
      case 218:
        length = dataView.getUint16(position);
        position += 2;
        break;
      case 219:
        length = dataView.getUint32(position);
        position += 4;
        break;
      default:
        throw new Error("Expected string");
    }
  }
  return readStringJS(length);
}
function readBin(length) {
  return currentUnpackr.copyBuffers ? (
    // specifically use the copying slice (not the node one)
    Uint8Array.prototype.slice.call(src, position, position += length)
  ) : src.subarray(position, position += length);
}
function readExt(length) {
  if (length >= srcEnd - position) throw endOfMessagePackError(position + 1 + length);
  let type = src[position++];
  if (currentExtensions[type]) {
    let end2;
    return currentExtensions[type](src.subarray(position, end2 = position += length), (readPosition) => {
      position = readPosition;
      try {
        return read();
      } finally {
        position = end2;
      }
    });
  } else
    throw new Error("Unknown extension type " + type);
}
var keyCache = new Array(4096);
function readKey() {
  let length = src[position++];
  if (length >= 160 && length < 192) {
    length = length - 160;
    if (srcStringEnd >= position)
      return srcString.slice(position - srcStringStart, (position += length) - srcStringStart);
    else if (!(srcStringEnd == 0 && srcEnd < 180))
      return readFixedString(length);
  } else {
    position--;
    return asSafeString(read());
  }
  if (length > srcEnd - position) throw endOfMessagePackError(position + length);
  let key = (length << 5 ^ (length > 1 ? dataView.getUint16(position) : length > 0 ? src[position] : 0)) & 4095;
  let entry = keyCache[key];
  let checkPosition = position;
  let end2 = position + length - 3;
  let chunk;
  let i = 0;
  if (entry && entry.bytes == length) {
    while (checkPosition < end2) {
      chunk = dataView.getUint32(checkPosition);
      if (chunk != entry[i++]) {
        checkPosition = 1879048192;
        break;
      }
      checkPosition += 4;
    }
    end2 += 3;
    while (checkPosition < end2) {
      chunk = src[checkPosition++];
      if (chunk != entry[i++]) {
        checkPosition = 1879048192;
        break;
      }
    }
    if (checkPosition === end2) {
      position = checkPosition;
      return entry.string;
    }
    end2 -= 3;
    checkPosition = position;
  }
  entry = [];
  keyCache[key] = entry;
  entry.bytes = length;
  while (checkPosition < end2) {
    chunk = dataView.getUint32(checkPosition);
    entry.push(chunk);
    checkPosition += 4;
  }
  end2 += 3;
  while (checkPosition < end2) {
    chunk = src[checkPosition++];
    entry.push(chunk);
  }
  let string = length < 16 ? shortStringInJS(length) : longStringInJS(length);
  if (string != null)
    return entry.string = string;
  return entry.string = readFixedString(length);
}
function asSafeString(property) {
  if (typeof property === "string") return property;
  if (typeof property === "number" || typeof property === "boolean" || typeof property === "bigint") return property.toString();
  if (property == null) return property + "";
  if (currentUnpackr.allowArraysInMapKeys && Array.isArray(property) && property.flat().every((item) => ["string", "number", "boolean", "bigint"].includes(typeof item))) {
    return property.flat().toString();
  }
  throw new Error(`Invalid property type for record: ${typeof property}. A MessagePack map with non-string keys can be decoded as a Map with mapsAsObjects: false`);
}
var recordDefinition = (id, highByte) => {
  let structure = read().map(asSafeString);
  let firstByte = id;
  if (highByte !== void 0) {
    id = id < 32 ? -((highByte << 5) + id) : (highByte << 5) + id;
    structure.highByte = highByte;
  }
  let existingStructure = currentStructures[id];
  if (existingStructure && (existingStructure.isShared || sequentialMode)) {
    (currentStructures.restoreStructures || (currentStructures.restoreStructures = []))[id] = existingStructure;
  }
  currentStructures[id] = structure;
  structure.read = createStructureReader(structure, firstByte);
  return (structure.read0 || structure.read)();
};
currentExtensions[0] = () => {
};
currentExtensions[0].noBuffer = true;
currentExtensions[66] = (data) => {
  let headLength = data.byteLength % 8 || 8;
  let head = BigInt(data[0] & 128 ? data[0] - 256 : data[0]);
  for (let i = 1; i < headLength; i++) {
    head <<= BigInt(8);
    head += BigInt(data[i]);
  }
  if (data.byteLength !== headLength) {
    let view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    let decode4 = (start, end2) => {
      let length = end2 - start;
      if (length <= 40) {
        let out = view.getBigUint64(start);
        for (let i = start + 8; i < end2; i += 8) {
          out <<= BigInt(64);
          out |= view.getBigUint64(i);
        }
        return out;
      }
      let middle = start + (length >> 4 << 3);
      let left = decode4(start, middle);
      let right = decode4(middle, end2);
      return left << BigInt((end2 - middle) * 8) | right;
    };
    head = head << BigInt((view.byteLength - headLength) * 8) | decode4(headLength, view.byteLength);
  }
  return head;
};
var errors = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError: typeof AggregateError === "function" ? AggregateError : null
};
currentExtensions[101] = () => {
  let data = read();
  if (!errors[data[0]]) {
    let error = Error(data[1], { cause: data[2] });
    error.name = data[0];
    return error;
  }
  return errors[data[0]](data[1], { cause: data[2] });
};
currentExtensions[105] = (data) => {
  if (currentUnpackr.structuredClone === false) throw new Error("Structured clone extension is disabled");
  let id = dataView.getUint32(position - 4);
  if (!referenceMap)
    referenceMap = /* @__PURE__ */ new Map();
  let token = src[position];
  let target2;
  if (token >= 144 && token < 160 || token == 220 || token == 221)
    target2 = [];
  else if (token >= 128 && token < 144 || token == 222 || token == 223)
    target2 = /* @__PURE__ */ new Map();
  else if ((token >= 199 && token <= 201 || token >= 212 && token <= 216) && src[position + 1] === 115)
    target2 = /* @__PURE__ */ new Set();
  else
    target2 = {};
  let refEntry = { target: target2 };
  referenceMap.set(id, refEntry);
  let targetProperties = read();
  if (!refEntry.used) {
    return refEntry.target = targetProperties;
  } else {
    Object.assign(target2, targetProperties);
  }
  if (target2 instanceof Map)
    for (let [k, v] of targetProperties.entries()) target2.set(k, v);
  if (target2 instanceof Set)
    for (let i of Array.from(targetProperties)) target2.add(i);
  return target2;
};
currentExtensions[112] = (data) => {
  if (currentUnpackr.structuredClone === false) throw new Error("Structured clone extension is disabled");
  let id = dataView.getUint32(position - 4);
  let refEntry = referenceMap.get(id);
  refEntry.used = true;
  return refEntry.target;
};
currentExtensions[115] = () => new Set(read());
var typedArrays = ["Int8", "Uint8", "Uint8Clamped", "Int16", "Uint16", "Int32", "Uint32", "Float32", "Float64", "BigInt64", "BigUint64"].map((type) => type + "Array");
var glbl = typeof globalThis === "object" ? globalThis : window;
currentExtensions[116] = (data) => {
  let typeCode = data[0];
  let buffer = Uint8Array.prototype.slice.call(data, 1).buffer;
  let typedArrayName = typedArrays[typeCode];
  if (!typedArrayName) {
    if (typeCode === 16) return buffer;
    if (typeCode === 17) return new DataView(buffer);
    throw new Error("Could not find typed array for code " + typeCode);
  }
  return new glbl[typedArrayName](buffer);
};
currentExtensions[120] = () => {
  let data = read();
  return new RegExp(data[0], data[1]);
};
var TEMP_BUNDLE = [];
currentExtensions[98] = (data) => {
  let dataSize = (data[0] << 24) + (data[1] << 16) + (data[2] << 8) + data[3];
  let dataPosition = position;
  position += dataSize - data.length;
  bundledStrings = TEMP_BUNDLE;
  bundledStrings = [readOnlyJSString(), readOnlyJSString()];
  bundledStrings.position0 = 0;
  bundledStrings.position1 = 0;
  bundledStrings.postBundlePosition = position;
  position = dataPosition;
  return read();
};
currentExtensions[255] = (data) => {
  if (data.length == 4)
    return new Date((data[0] * 16777216 + (data[1] << 16) + (data[2] << 8) + data[3]) * 1e3);
  else if (data.length == 8)
    return new Date(
      ((data[0] << 22) + (data[1] << 14) + (data[2] << 6) + (data[3] >> 2)) / 1e6 + ((data[3] & 3) * 4294967296 + data[4] * 16777216 + (data[5] << 16) + (data[6] << 8) + data[7]) * 1e3
    );
  else if (data.length == 12)
    return new Date(
      ((data[0] << 24) + (data[1] << 16) + (data[2] << 8) + data[3]) / 1e6 + ((data[4] & 128 ? -281474976710656 : 0) + data[6] * 1099511627776 + data[7] * 4294967296 + data[8] * 16777216 + (data[9] << 16) + (data[10] << 8) + data[11]) * 1e3
    );
  else
    return /* @__PURE__ */ new Date("invalid");
};
function saveState(callback) {
  if (currentUnpackr && currentUnpackr._onSaveState)
    currentUnpackr._onSaveState();
  let savedSrcEnd = srcEnd;
  let savedPosition = position;
  let savedStringPosition = stringPosition;
  let savedSrcStringStart = srcStringStart;
  let savedSrcStringEnd = srcStringEnd;
  let savedSrcString = srcString;
  let savedStrings = strings;
  let savedReferenceMap = referenceMap;
  let savedBundledStrings = bundledStrings;
  let savedArrayAllocationBudget = arrayAllocationBudget;
  let savedSrc = new Uint8Array(src.slice(0, srcEnd));
  let savedStructures = currentStructures;
  let savedStructuresContents = currentStructures.slice(0, currentStructures.length);
  let savedPackr = currentUnpackr;
  let savedSequentialMode = sequentialMode;
  try {
    return callback();
  } finally {
    srcEnd = savedSrcEnd;
    position = savedPosition;
    stringPosition = savedStringPosition;
    srcStringStart = savedSrcStringStart;
    srcStringEnd = savedSrcStringEnd;
    srcString = savedSrcString;
    strings = savedStrings;
    referenceMap = savedReferenceMap;
    bundledStrings = savedBundledStrings;
    arrayAllocationBudget = savedArrayAllocationBudget;
    src = savedSrc;
    sequentialMode = savedSequentialMode;
    currentStructures = savedStructures;
    currentStructures.splice(0, currentStructures.length, ...savedStructuresContents);
    currentUnpackr = savedPackr;
    dataView = new DataView(src.buffer, src.byteOffset, src.byteLength);
  }
}
function clearSource() {
  src = null;
  referenceMap = null;
  currentStructures = null;
}
var mult10 = new Array(147);
for (let i = 0; i < 256; i++) {
  mult10[i] = +("1e" + Math.floor(45.15 - i * 0.30103));
}
var defaultUnpackr = new Unpackr({ useRecords: false });
var unpack = defaultUnpackr.unpack;
var unpackMultiple = defaultUnpackr.unpackMultiple;
var decode2 = defaultUnpackr.unpack;
var FLOAT32_OPTIONS = {
  NEVER: 0,
  ALWAYS: 1,
  DECIMAL_ROUND: 3,
  DECIMAL_FIT: 4
};
var f32Array = new Float32Array(1);
var u8Array = new Uint8Array(f32Array.buffer, 0, 4);
Unpackr.SUPPORTS_STRUCT_HOOKS = true;

// node_modules/.pnpm/msgpackr@2.1.3/node_modules/msgpackr/pack.js
var textEncoder2;
try {
  textEncoder2 = new TextEncoder();
} catch (error) {
}
var extensions;
var extensionClasses;
var hasNodeBuffer = typeof Buffer !== "undefined";
var ByteArrayAllocate = hasNodeBuffer ? function(length) {
  return Buffer.allocUnsafeSlow(length);
} : Uint8Array;
var ByteArray = hasNodeBuffer ? Buffer : Uint8Array;
var MAX_BUFFER_SIZE = hasNodeBuffer ? 4294967296 : 2144337920;
var target;
var keysTarget;
var targetView;
var position2 = 0;
var safeEnd;
var bundledStrings2 = null;
var packing = false;
var MAX_BUNDLE_SIZE = 21760;
var hasNonLatin = /[\u0080-\uFFFF]/;
var RECORD_SYMBOL = /* @__PURE__ */ Symbol("record-id");
var Packr = class extends Unpackr {
  constructor(options) {
    super(options);
    this.offset = 0;
    let typeBuffer;
    let start;
    let hasSharedUpdate;
    let structures;
    let referenceMap2;
    let encodeUtf8 = ByteArray.prototype.utf8Write ? function(string, position3) {
      return target.utf8Write(string, position3, target.byteLength - position3);
    } : textEncoder2 && textEncoder2.encodeInto ? function(string, position3) {
      return textEncoder2.encodeInto(string, target.subarray(position3)).written;
    } : false;
    let packr2 = this;
    if (!options)
      options = {};
    let isSequential = options && options.sequential;
    let hasSharedStructures = options.structures || options.saveStructures;
    let maxSharedStructures = options.maxSharedStructures;
    if (maxSharedStructures == null)
      maxSharedStructures = hasSharedStructures ? 32 : 0;
    if (maxSharedStructures > 8160)
      throw new Error("Maximum maxSharedStructure is 8160");
    if (options.structuredClone && options.moreTypes == void 0) {
      this.moreTypes = true;
    }
    let maxOwnStructures = options.maxOwnStructures;
    if (maxOwnStructures == null)
      maxOwnStructures = hasSharedStructures ? 32 : 64;
    if (!this.structures && options.useRecords != false)
      this.structures = [];
    let useTwoByteRecords = maxSharedStructures > 32 || maxOwnStructures + maxSharedStructures > 64;
    let sharedLimitId = maxSharedStructures + 64;
    let maxStructureId = maxSharedStructures + maxOwnStructures + 64;
    if (maxStructureId > 8256) {
      throw new Error("Maximum maxSharedStructure + maxOwnStructure is 8192");
    }
    let recordIdsToRemove = [];
    let transitionsCount = 0;
    let serializationsSinceTransitionRebuild = 0;
    let instancePacking = false;
    let reentrantDepth = 0;
    let pendingNestedStructures = null;
    this.pack = this.encode = function(value, encodeOptions) {
      if (packing) {
        return saveState2(value, encodeOptions);
      }
      if (!target) {
        target = new ByteArrayAllocate(8192);
        targetView = target.dataView || (target.dataView = new DataView(target.buffer, 0, 8192));
        position2 = 0;
      }
      safeEnd = target.length - 10;
      if (safeEnd - position2 < 2048) {
        target = new ByteArrayAllocate(target.length);
        targetView = target.dataView || (target.dataView = new DataView(target.buffer, 0, target.length));
        safeEnd = target.length - 10;
        position2 = 0;
      } else
        position2 = position2 + 7 & 2147483640;
      start = position2;
      if (encodeOptions & RESERVE_START_SPACE) position2 += encodeOptions & 255;
      referenceMap2 = packr2.structuredClone ? /* @__PURE__ */ new Map() : null;
      if (packr2.bundleStrings && typeof value !== "string") {
        bundledStrings2 = [];
        bundledStrings2.size = Infinity;
      } else
        bundledStrings2 = null;
      structures = packr2.structures;
      if (structures) {
        if (structures.uninitialized)
          structures = packr2._mergeStructures(packr2.getStructures());
        let sharedLength = structures.sharedLength || 0;
        if (sharedLength > maxSharedStructures) {
          throw new Error("Shared structures is larger than maximum shared structures, try increasing maxSharedStructures to " + structures.sharedLength);
        }
        if (!structures.transitions) {
          rebuildTransitions(reentrantDepth && packr2.saveStructures ? Math.min(sharedLength, packr2.lastNamedStructuresLength || 0) : sharedLength);
          if (!reentrantDepth)
            packr2.lastNamedStructuresLength = sharedLength;
        }
        if (!isSequential || !(structures.nextId >= sharedLength + 64)) {
          structures.nextId = sharedLength + 64;
        }
      }
      if (hasSharedUpdate)
        hasSharedUpdate = false;
      if (!reentrantDepth && pendingNestedStructures)
        pendingNestedStructures = null;
      let encodingError;
      packing = true;
      instancePacking = true;
      try {
        if (packr2._writeStruct && !(reentrantDepth && packr2.saveStructures) && value && typeof value === "object") {
          if (value.constructor === Object) writeStruct(value);
          else if (value.constructor !== Map && !Array.isArray(value) && !extensionClasses.some((extClass) => value instanceof extClass)) {
            writeStruct(packr2.useToJSON !== false && value.toJSON ? value.toJSON() : value);
          } else pack2(value);
        } else
          pack2(value);
        let lastBundle = bundledStrings2;
        if (bundledStrings2)
          writeBundles(start, pack2, 0);
        if (referenceMap2 && referenceMap2.idsToInsert) {
          let idsToInsert = referenceMap2.idsToInsert.sort((a, b) => a.offset > b.offset ? 1 : -1);
          let i = idsToInsert.length;
          let incrementPosition = -1;
          while (lastBundle && i > 0) {
            let insertionPoint = idsToInsert[--i].offset + start;
            if (insertionPoint < lastBundle.stringsPosition + start && incrementPosition === -1)
              incrementPosition = 0;
            if (insertionPoint > lastBundle.position + start) {
              if (incrementPosition >= 0)
                incrementPosition += 6;
            } else {
              if (incrementPosition >= 0) {
                targetView.setUint32(
                  lastBundle.position + start,
                  targetView.getUint32(lastBundle.position + start) + incrementPosition
                );
                incrementPosition = -1;
              }
              lastBundle = lastBundle.previous;
              i++;
            }
          }
          if (incrementPosition >= 0 && lastBundle) {
            targetView.setUint32(
              lastBundle.position + start,
              targetView.getUint32(lastBundle.position + start) + incrementPosition
            );
          }
          position2 += idsToInsert.length * 6;
          if (position2 > safeEnd)
            makeRoom(position2);
          packr2.offset = position2;
          let serialized = insertIds(target.subarray(start, position2), idsToInsert);
          referenceMap2 = null;
          return serialized;
        }
        packr2.offset = position2;
        if (encodeOptions & REUSE_BUFFER_MODE) {
          target.start = start;
          target.end = position2;
          return target;
        }
        return target.subarray(start, position2);
      } catch (error) {
        encodingError = error;
        throw error;
      } finally {
        instancePacking = false;
        if (structures) {
          resetStructures();
          if (pendingNestedStructures && !reentrantDepth) {
            let toPromote = pendingNestedStructures;
            pendingNestedStructures = null;
            if (!encodingError && packr2.saveStructures) {
              let sharedLength = structures.sharedLength || 0;
              if (!structures.transitions)
                rebuildTransitions(sharedLength);
              for (let i = 0, l = toPromote.length; i < l && sharedLength < maxSharedStructures; i++) {
                let keys = toPromote[i];
                let nextTransition, transition = structures.transitions;
                for (let j = 0, kl = keys.length; j < kl; j++) {
                  let key = keys[j];
                  nextTransition = transition[key];
                  if (!nextTransition)
                    nextTransition = transition[key] = /* @__PURE__ */ Object.create(null);
                  transition = nextTransition;
                }
                if (!transition[RECORD_SYMBOL]) {
                  let recordId = sharedLength + 64;
                  keys.highByte = recordId >= 96 && useTwoByteRecords ? recordId - 96 >> 5 : -1;
                  keys.isShared = true;
                  transition[RECORD_SYMBOL] = recordId;
                  transition.__keys__ = keys;
                  structures[sharedLength++] = keys;
                  structures.sharedLength = sharedLength;
                  hasSharedUpdate = true;
                }
              }
              if (!isSequential || !(structures.nextId >= sharedLength + 64))
                structures.nextId = sharedLength + 64;
            }
          }
          if (hasSharedUpdate && !reentrantDepth && packr2.saveStructures) {
            let sharedLength = structures.sharedLength || 0;
            let returnBuffer = target.subarray(start, position2);
            if (!encodingError) {
              let saveSucceeded = false;
              try {
                let newSharedData = (packr2._prepareStructures || prepareStructures)(structures, packr2);
                if (packr2.saveStructures(newSharedData, newSharedData.isCompatible) === false) {
                  structures.uninitialized = true;
                  saveSucceeded = true;
                  packing = false;
                  return packr2.pack(value, encodeOptions);
                }
                saveSucceeded = true;
              } finally {
                packing = false;
                if (!saveSucceeded) {
                  structures = packr2.structures;
                  if (packr2.getStructures)
                    structures.uninitialized = true;
                  structures.length = structures.sharedLength = packr2.lastNamedStructuresLength || 0;
                  structures.transitions = null;
                }
              }
              packr2.lastNamedStructuresLength = sharedLength;
              if (target.length > 1073741824) target = null;
              return returnBuffer;
            }
            if (packr2.getStructures)
              structures.uninitialized = true;
            structures.length = structures.sharedLength = packr2.lastNamedStructuresLength || 0;
            structures.transitions = null;
          }
        }
        packing = false;
        if (target.length > 1073741824) target = null;
        if (encodeOptions & RESET_BUFFER_MODE)
          position2 = start;
      }
    };
    const rebuildTransitions = (sharedLength) => {
      structures.transitions = /* @__PURE__ */ Object.create(null);
      for (let i = 0; i < sharedLength; i++) {
        let keys = structures[i];
        if (!keys)
          continue;
        let nextTransition, transition = structures.transitions;
        for (let j = 0, l = keys.length; j < l; j++) {
          let key = keys[j];
          nextTransition = transition[key];
          if (!nextTransition) {
            nextTransition = transition[key] = /* @__PURE__ */ Object.create(null);
          }
          transition = nextTransition;
        }
        transition[RECORD_SYMBOL] = i + 64;
      }
    };
    const saveState2 = (value, encodeOptions) => {
      let savedTarget = target;
      let savedTargetView = targetView;
      let savedPosition = position2;
      let savedSafeEnd = safeEnd;
      let savedBundledStrings = bundledStrings2;
      let savedStart = start;
      let savedReferenceMap = referenceMap2;
      let savedHasSharedUpdate = hasSharedUpdate;
      let wasInstancePacking = instancePacking;
      let savedStructures, savedTransitions, savedNextId, savedNextOwnId, savedRecordIdsToRemove, savedRecordIds, savedOwnStructures, savedSharedLength, savedLastNamedLength, savedUnsavedShared, savedTransitionsCount, savedPendingNestedLen;
      let nestedSucceeded = false;
      if (wasInstancePacking) {
        savedPendingNestedLen = pendingNestedStructures ? pendingNestedStructures.length : 0;
        reentrantDepth++;
      }
      try {
        if (wasInstancePacking && structures) {
          savedStructures = structures;
          savedTransitions = structures.transitions;
          savedNextId = structures.nextId;
          savedNextOwnId = structures.nextOwnId;
          savedLastNamedLength = packr2.lastNamedStructuresLength;
          savedSharedLength = structures.sharedLength || 0;
          savedOwnStructures = structures.slice(savedSharedLength);
          savedRecordIdsToRemove = recordIdsToRemove;
          savedRecordIds = [];
          for (let i = 0, l = recordIdsToRemove.length; i < l; i++) {
            let transition = recordIdsToRemove[i];
            let recordId = transition[RECORD_SYMBOL];
            savedRecordIds[i] = recordId;
            transition[RECORD_SYMBOL] = 0;
            if (recordId >= savedSharedLength + 64 && transition.__keys__)
              savedOwnStructures[recordId - savedSharedLength - 64] = transition.__keys__;
          }
          recordIdsToRemove = [];
          if (savedHasSharedUpdate && packr2.saveStructures && savedTransitions) {
            savedUnsavedShared = [];
            for (let i = savedLastNamedLength || 0; i < savedSharedLength; i++) {
              let keys = structures[i];
              if (!keys)
                continue;
              let transition = savedTransitions;
              for (let j = 0, l = keys.length; j < l && transition; j++) {
                transition = transition[keys[j]];
              }
              if (transition && transition[RECORD_SYMBOL] === i + 64) {
                savedUnsavedShared.push(transition, i + 64, transition.__keys__);
                transition[RECORD_SYMBOL] = 0;
                transition.__keys__ = null;
              }
            }
          }
          structures.length = savedSharedLength;
          structures.nextId = savedSharedLength + 64;
          structures.nextOwnId = void 0;
          savedTransitionsCount = transitionsCount;
          transitionsCount = 0;
        }
        target = null;
        packing = false;
        instancePacking = false;
        let result = packr2.pack(value, encodeOptions);
        nestedSucceeded = true;
        return result;
      } finally {
        if (!nestedSucceeded && wasInstancePacking && pendingNestedStructures)
          pendingNestedStructures.length = savedPendingNestedLen;
        packing = true;
        instancePacking = wasInstancePacking;
        target = savedTarget;
        targetView = savedTargetView;
        position2 = savedPosition;
        safeEnd = savedSafeEnd;
        bundledStrings2 = savedBundledStrings;
        start = savedStart;
        referenceMap2 = savedReferenceMap;
        if (wasInstancePacking) {
          reentrantDepth--;
          hasSharedUpdate = savedHasSharedUpdate || hasSharedUpdate;
          structures = packr2.structures;
          if (structures && savedOwnStructures) {
            if (recordIdsToRemove !== savedRecordIdsToRemove) {
              for (let i = 0, l = recordIdsToRemove.length; i < l; i++) {
                recordIdsToRemove[i][RECORD_SYMBOL] = 0;
              }
            }
            let currentSharedLength = structures.sharedLength || 0;
            if (structures !== savedStructures) {
              if (savedHasSharedUpdate || savedOwnStructures.length > 0) {
                for (let i = 0; i < savedSharedLength; i++) {
                  if (savedStructures[i] !== void 0)
                    structures[i] = savedStructures[i];
                }
                currentSharedLength = structures.sharedLength = structures.length = savedSharedLength;
                packr2.lastNamedStructuresLength = savedLastNamedLength;
              } else if (!reentrantDepth && !hasSharedUpdate) {
                packr2.lastNamedStructuresLength = currentSharedLength;
              }
            }
            structures.length = Math.max(currentSharedLength, savedSharedLength + savedOwnStructures.length);
            for (let i = Math.max(0, currentSharedLength - savedSharedLength), l = savedOwnStructures.length; i < l; i++) {
              if (savedOwnStructures[i] !== void 0)
                structures[savedSharedLength + i] = savedOwnStructures[i];
            }
            if (structures.transitions !== savedTransitions || structures !== savedStructures) {
              if (structures === savedStructures && !structures.transitions && currentSharedLength === savedSharedLength) {
                structures.transitions = savedTransitions;
              } else {
                rebuildTransitions(reentrantDepth && packr2.saveStructures ? Math.min(currentSharedLength, packr2.lastNamedStructuresLength || 0) : currentSharedLength);
                savedUnsavedShared = null;
                savedRecordIdsToRemove = [];
                savedRecordIds = [];
                for (let i = Math.max(0, currentSharedLength - savedSharedLength), l = savedOwnStructures.length; i < l; i++) {
                  let keys = savedOwnStructures[i];
                  if (!keys)
                    continue;
                  let nextTransition, transition = structures.transitions;
                  for (let j = 0, kl = keys.length; j < kl; j++) {
                    let key = keys[j];
                    nextTransition = transition[key];
                    if (!nextTransition)
                      nextTransition = transition[key] = /* @__PURE__ */ Object.create(null);
                    transition = nextTransition;
                  }
                  if (!transition[RECORD_SYMBOL]) {
                    savedRecordIdsToRemove.push(transition);
                    savedRecordIds.push(savedSharedLength + i + 64);
                  }
                }
              }
            }
            if (savedUnsavedShared) {
              for (let i = 0, l = savedUnsavedShared.length; i < l; i += 3) {
                savedUnsavedShared[i][RECORD_SYMBOL] = savedUnsavedShared[i + 1];
                savedUnsavedShared[i].__keys__ = savedUnsavedShared[i + 2];
              }
            }
            recordIdsToRemove = savedRecordIdsToRemove;
            for (let i = 0, l = savedRecordIds.length; i < l; i++) {
              if (!recordIdsToRemove[i][RECORD_SYMBOL])
                recordIdsToRemove[i][RECORD_SYMBOL] = savedRecordIds[i];
            }
            structures.nextId = !(savedNextId >= currentSharedLength + 64) ? currentSharedLength + 64 : savedNextId;
            structures.nextOwnId = savedNextOwnId;
            if (savedTransitionsCount !== void 0)
              transitionsCount += savedTransitionsCount;
          }
        } else {
          hasSharedUpdate = savedHasSharedUpdate;
        }
      }
    };
    const resetStructures = () => {
      if (serializationsSinceTransitionRebuild < 10)
        serializationsSinceTransitionRebuild++;
      let sharedLength = structures.sharedLength || 0;
      if (structures.length > sharedLength && !isSequential)
        structures.length = sharedLength;
      if (transitionsCount > 1e4 && !reentrantDepth) {
        structures.transitions = null;
        serializationsSinceTransitionRebuild = 0;
        transitionsCount = 0;
        if (recordIdsToRemove.length > 0)
          recordIdsToRemove = [];
      } else if (recordIdsToRemove.length > 0 && !isSequential) {
        for (let i = 0, l = recordIdsToRemove.length; i < l; i++) {
          recordIdsToRemove[i][RECORD_SYMBOL] = 0;
        }
        recordIdsToRemove = [];
      }
    };
    const packArray = (value) => {
      var length = value.length;
      if (length < 16) {
        target[position2++] = 144 | length;
      } else if (length < 65536) {
        target[position2++] = 220;
        target[position2++] = length >> 8;
        target[position2++] = length & 255;
      } else {
        target[position2++] = 221;
        targetView.setUint32(position2, length);
        position2 += 4;
      }
      for (let i = 0; i < length; i++) {
        pack2(value[i]);
      }
    };
    const pack2 = (value) => {
      if (position2 > safeEnd)
        target = makeRoom(position2);
      var type = typeof value;
      var length;
      if (type === "string") {
        let strLength = value.length;
        if (bundledStrings2 && strLength >= 4 && strLength < 4096) {
          if ((bundledStrings2.size += strLength) > MAX_BUNDLE_SIZE) {
            let extStart;
            let maxBytes2 = (bundledStrings2[0] ? bundledStrings2[0].length * 3 + bundledStrings2[1].length : 0) + 10;
            if (position2 + maxBytes2 > safeEnd)
              target = makeRoom(position2 + maxBytes2);
            let lastBundle;
            if (bundledStrings2.position) {
              lastBundle = bundledStrings2;
              target[position2] = 200;
              position2 += 3;
              target[position2++] = 98;
              extStart = position2 - start;
              position2 += 4;
              writeBundles(start, pack2, 0);
              targetView.setUint16(extStart + start - 3, position2 - start - extStart);
            } else {
              target[position2++] = 214;
              target[position2++] = 98;
              extStart = position2 - start;
              position2 += 4;
            }
            bundledStrings2 = ["", ""];
            bundledStrings2.previous = lastBundle;
            bundledStrings2.size = 0;
            bundledStrings2.position = extStart;
          }
          let twoByte = hasNonLatin.test(value);
          bundledStrings2[twoByte ? 0 : 1] += value;
          target[position2++] = 193;
          pack2(twoByte ? -strLength : strLength);
          return;
        }
        let headerSize;
        if (strLength < 32) {
          headerSize = 1;
        } else if (strLength < 256) {
          headerSize = 2;
        } else if (strLength < 65536) {
          headerSize = 3;
        } else {
          headerSize = 5;
        }
        let maxBytes = strLength * 3;
        if (position2 + maxBytes > safeEnd)
          target = makeRoom(position2 + maxBytes);
        if (strLength < 64 || !encodeUtf8) {
          let i, c1, c2, strPosition = position2 + headerSize;
          for (i = 0; i < strLength; i++) {
            c1 = value.charCodeAt(i);
            if (c1 < 128) {
              target[strPosition++] = c1;
            } else if (c1 < 2048) {
              target[strPosition++] = c1 >> 6 | 192;
              target[strPosition++] = c1 & 63 | 128;
            } else if ((c1 & 64512) === 55296 && ((c2 = value.charCodeAt(i + 1)) & 64512) === 56320) {
              c1 = 65536 + ((c1 & 1023) << 10) + (c2 & 1023);
              i++;
              target[strPosition++] = c1 >> 18 | 240;
              target[strPosition++] = c1 >> 12 & 63 | 128;
              target[strPosition++] = c1 >> 6 & 63 | 128;
              target[strPosition++] = c1 & 63 | 128;
            } else {
              target[strPosition++] = c1 >> 12 | 224;
              target[strPosition++] = c1 >> 6 & 63 | 128;
              target[strPosition++] = c1 & 63 | 128;
            }
          }
          length = strPosition - position2 - headerSize;
        } else {
          length = encodeUtf8(value, position2 + headerSize);
        }
        if (length < 32) {
          target[position2++] = 160 | length;
        } else if (length < 256) {
          if (headerSize < 2) {
            target.copyWithin(position2 + 2, position2 + 1, position2 + 1 + length);
          }
          target[position2++] = 217;
          target[position2++] = length;
        } else if (length < 65536) {
          if (headerSize < 3) {
            target.copyWithin(position2 + 3, position2 + 2, position2 + 2 + length);
          }
          target[position2++] = 218;
          target[position2++] = length >> 8;
          target[position2++] = length & 255;
        } else {
          if (headerSize < 5) {
            target.copyWithin(position2 + 5, position2 + 3, position2 + 3 + length);
          }
          target[position2++] = 219;
          targetView.setUint32(position2, length);
          position2 += 4;
        }
        position2 += length;
      } else if (type === "number") {
        if (value >>> 0 === value) {
          if (value < 32 || value < 128 && this.useRecords === false || value < 64 && !this._writeStruct) {
            target[position2++] = value;
          } else if (value < 256) {
            target[position2++] = 204;
            target[position2++] = value;
          } else if (value < 65536) {
            target[position2++] = 205;
            target[position2++] = value >> 8;
            target[position2++] = value & 255;
          } else {
            target[position2++] = 206;
            targetView.setUint32(position2, value);
            position2 += 4;
          }
        } else if (value >> 0 === value) {
          if (value >= -32) {
            target[position2++] = 256 + value;
          } else if (value >= -128) {
            target[position2++] = 208;
            target[position2++] = value + 256;
          } else if (value >= -32768) {
            target[position2++] = 209;
            targetView.setInt16(position2, value);
            position2 += 2;
          } else {
            target[position2++] = 210;
            targetView.setInt32(position2, value);
            position2 += 4;
          }
        } else {
          let useFloat32;
          if ((useFloat32 = this.useFloat32) > 0 && value < 4294967296 && value >= -2147483648) {
            target[position2++] = 202;
            targetView.setFloat32(position2, value);
            let xShifted;
            if (useFloat32 < 4 || // this checks for rounding of numbers that were encoded in 32-bit float to nearest significant decimal digit that could be preserved
            (xShifted = value * mult10[(target[position2] & 127) << 1 | target[position2 + 1] >> 7]) >> 0 === xShifted) {
              position2 += 4;
              return;
            } else
              position2--;
          }
          target[position2++] = 203;
          targetView.setFloat64(position2, value);
          position2 += 8;
        }
      } else if (type === "object" || type === "function") {
        if (!value)
          target[position2++] = 192;
        else {
          if (referenceMap2) {
            let referee = referenceMap2.get(value);
            if (referee) {
              if (!referee.id) {
                let idsToInsert = referenceMap2.idsToInsert || (referenceMap2.idsToInsert = []);
                referee.id = idsToInsert.push(referee);
              }
              target[position2++] = 214;
              target[position2++] = 112;
              targetView.setUint32(position2, referee.id);
              position2 += 4;
              return;
            } else
              referenceMap2.set(value, { offset: position2 - start });
          }
          let constructor = value.constructor;
          if (constructor === Object) {
            writeObject(value);
          } else if (constructor === Array) {
            packArray(value);
          } else if (constructor === Map) {
            if (this.mapAsEmptyObject) target[position2++] = 128;
            else {
              length = value.size;
              if (length < 16) {
                target[position2++] = 128 | length;
              } else if (length < 65536) {
                target[position2++] = 222;
                target[position2++] = length >> 8;
                target[position2++] = length & 255;
              } else {
                target[position2++] = 223;
                targetView.setUint32(position2, length);
                position2 += 4;
              }
              for (let [key, entryValue] of value) {
                pack2(key);
                pack2(entryValue);
              }
            }
          } else {
            for (let i = 0, l = extensions.length; i < l; i++) {
              let extensionClass = extensionClasses[i];
              if (value instanceof extensionClass) {
                if (value.constructor !== extensionClass && i >= l - builtInExtensionCount && packr2.useToJSON !== false && value.toJSON !== void 0 && value.toJSON !== dateToJSON && value.toJSON !== bufferToJSON) {
                  break;
                }
                let extension = extensions[i];
                if (extension.write) {
                  if (extension.type) {
                    target[position2++] = 212;
                    target[position2++] = extension.type;
                    target[position2++] = 0;
                  }
                  let writeResult = extension.write.call(this, value);
                  if (writeResult === value) {
                    if (Array.isArray(value)) {
                      packArray(value);
                    } else {
                      writeObject(value);
                    }
                  } else {
                    pack2(writeResult);
                  }
                  return;
                }
                let currentTarget = target;
                let currentTargetView = targetView;
                let currentPosition = position2;
                let currentBundledStrings = bundledStrings2;
                target = null;
                let result;
                try {
                  result = extension.pack.call(this, value, (size) => {
                    target = currentTarget;
                    currentTarget = null;
                    position2 += size;
                    if (position2 > safeEnd)
                      makeRoom(position2);
                    return {
                      target,
                      targetView,
                      position: position2 - size
                    };
                  }, pack2);
                } finally {
                  if (currentTarget) {
                    target = currentTarget;
                    targetView = currentTargetView;
                    position2 = currentPosition;
                    bundledStrings2 = currentBundledStrings;
                    safeEnd = target.length - 10;
                  }
                }
                if (result) {
                  if (result.length + position2 > safeEnd)
                    makeRoom(result.length + position2);
                  position2 = writeExtensionData(result, target, position2, extension.type);
                }
                return;
              }
            }
            if (Array.isArray(value)) {
              packArray(value);
            } else {
              if (packr2.useToJSON !== false && value.toJSON) {
                const json = value.toJSON();
                if (json !== value)
                  return pack2(json);
              }
              if (type === "function")
                return pack2(this.writeFunction && this.writeFunction(value));
              writeObject(value);
            }
          }
        }
      } else if (type === "boolean") {
        target[position2++] = value ? 195 : 194;
      } else if (type === "bigint") {
        if (value < 9223372036854776e3 && value >= -9223372036854776e3) {
          target[position2++] = 211;
          targetView.setBigInt64(position2, value);
        } else if (value < 18446744073709552e3 && value > 0) {
          target[position2++] = 207;
          targetView.setBigUint64(position2, value);
        } else {
          if (this.largeBigIntToFloat) {
            target[position2++] = 203;
            targetView.setFloat64(position2, Number(value));
          } else if (this.largeBigIntToString) {
            return pack2(value.toString());
          } else if (this.useBigIntExtension || this.moreTypes) {
            let empty2 = value < 0 ? BigInt(-1) : BigInt(0);
            let array;
            if (value >> BigInt(65536) === empty2) {
              let mask = BigInt(18446744073709552e3) - BigInt(1);
              let chunks = [];
              while (true) {
                chunks.push(value & mask);
                if (value >> BigInt(63) === empty2) break;
                value >>= BigInt(64);
              }
              array = new Uint8Array(new BigUint64Array(chunks).buffer);
              array.reverse();
            } else {
              let invert2 = value < 0;
              let string = (invert2 ? ~value : value).toString(16);
              if (string.length % 2) {
                string = "0" + string;
              } else if (parseInt(string.charAt(0), 16) >= 8) {
                string = "00" + string;
              }
              if (hasNodeBuffer) {
                array = Buffer.from(string, "hex");
              } else {
                array = new Uint8Array(string.length / 2);
                for (let i = 0; i < array.length; i++) {
                  array[i] = parseInt(string.slice(i * 2, i * 2 + 2), 16);
                }
              }
              if (invert2) {
                for (let i = 0; i < array.length; i++) array[i] = ~array[i];
              }
            }
            if (array.length + position2 > safeEnd)
              makeRoom(array.length + position2);
            position2 = writeExtensionData(array, target, position2, 66);
            return;
          } else {
            throw new RangeError(value + " was too large to fit in MessagePack 64-bit integer format, use useBigIntExtension, or set largeBigIntToFloat to convert to float-64, or set largeBigIntToString to convert to string");
          }
        }
        position2 += 8;
      } else if (type === "undefined") {
        if (this.encodeUndefinedAsNil)
          target[position2++] = 192;
        else {
          target[position2++] = 212;
          target[position2++] = 0;
          target[position2++] = 0;
        }
      } else {
        throw new Error("Unknown type: " + type);
      }
    };
    const writePlainObject = this.variableMapSize || this.coercibleKeyAsNumber || this.skipValues ? (object) => {
      let keys;
      if (this.skipValues) {
        keys = [];
        for (let key2 in object) {
          if ((typeof object.hasOwnProperty !== "function" || object.hasOwnProperty(key2)) && !this.skipValues.includes(object[key2]))
            keys.push(key2);
        }
      } else {
        keys = Object.keys(object);
      }
      let length = keys.length;
      if (length < 16) {
        target[position2++] = 128 | length;
      } else if (length < 65536) {
        target[position2++] = 222;
        target[position2++] = length >> 8;
        target[position2++] = length & 255;
      } else {
        target[position2++] = 223;
        targetView.setUint32(position2, length);
        position2 += 4;
      }
      let key;
      if (this.coercibleKeyAsNumber) {
        for (let i = 0; i < length; i++) {
          key = keys[i];
          let num = Number(key);
          pack2(isNaN(num) ? key : num);
          pack2(object[key]);
        }
      } else {
        for (let i = 0; i < length; i++) {
          pack2(key = keys[i]);
          pack2(object[key]);
        }
      }
    } : (object) => {
      target[position2++] = 222;
      let objectOffset = position2 - start;
      position2 += 2;
      let size = 0;
      for (let key in object) {
        if (typeof object.hasOwnProperty !== "function" || object.hasOwnProperty(key)) {
          pack2(key);
          pack2(object[key]);
          size++;
        }
      }
      if (size > 65535) {
        throw new Error('Object is too large to serialize with fast 16-bit map size, use the "variableMapSize" option to serialize this object');
      }
      target[objectOffset++ + start] = size >> 8;
      target[objectOffset + start] = size & 255;
    };
    const writeRecord = this.useRecords === false ? writePlainObject : options.progressiveRecords && !useTwoByteRecords && maxOwnStructures > 0 ? (
      // this is about 2% faster for highly stable structures, since it only requires one for-in loop (but much more expensive when new structure needs to be written)
      (object) => {
        let nextTransition, transition = structures.transitions || (structures.transitions = /* @__PURE__ */ Object.create(null));
        let objectOffset = position2++ - start;
        let wroteKeys;
        for (let key in object) {
          if (typeof object.hasOwnProperty !== "function" || object.hasOwnProperty(key)) {
            nextTransition = transition[key];
            if (nextTransition)
              transition = nextTransition;
            else {
              let keys = Object.keys(object);
              let lastTransition = transition;
              transition = structures.transitions;
              let newTransitions = 0;
              for (let i = 0, l = keys.length; i < l; i++) {
                let key2 = keys[i];
                nextTransition = transition[key2];
                if (!nextTransition) {
                  nextTransition = transition[key2] = /* @__PURE__ */ Object.create(null);
                  newTransitions++;
                }
                transition = nextTransition;
              }
              if (objectOffset + start + 1 == position2) {
                position2--;
                newRecord(transition, keys, newTransitions);
              } else
                insertNewRecord(transition, keys, objectOffset, newTransitions);
              wroteKeys = true;
              transition = lastTransition[key];
            }
            pack2(object[key]);
          }
        }
        if (!wroteKeys) {
          let recordId = transition[RECORD_SYMBOL];
          if (recordId)
            target[objectOffset + start] = recordId;
          else
            insertNewRecord(transition, Object.keys(object), objectOffset, 0);
        }
      }
    ) : (object) => {
      let nextTransition, transition = structures.transitions || (structures.transitions = /* @__PURE__ */ Object.create(null));
      let newTransitions = 0;
      for (let key in object) if (typeof object.hasOwnProperty !== "function" || object.hasOwnProperty(key)) {
        nextTransition = transition[key];
        if (!nextTransition) {
          nextTransition = transition[key] = /* @__PURE__ */ Object.create(null);
          newTransitions++;
        }
        transition = nextTransition;
      }
      let recordId = transition[RECORD_SYMBOL];
      if (recordId) {
        if (recordId >= 96 && useTwoByteRecords) {
          target[position2++] = ((recordId -= 96) & 31) + 96;
          target[position2++] = recordId >> 5;
        } else
          target[position2++] = recordId;
      } else if (newRecord(transition, transition.__keys__ || Object.keys(object), newTransitions) === false) {
        return writePlainObject(object);
      }
      for (let key in object)
        if (typeof object.hasOwnProperty !== "function" || object.hasOwnProperty(key)) {
          pack2(object[key]);
        }
    };
    const checkUseRecords = typeof this.useRecords == "function" && this.useRecords;
    const writeObject = checkUseRecords ? (object) => {
      checkUseRecords(object) ? writeRecord(object) : writePlainObject(object);
    } : writeRecord;
    const writeStruct = (object) => {
      let newPosition = packr2._writeStruct(object, target, start, position2, structures, makeRoom, (value, newPosition2, notifySharedUpdate) => {
        if (notifySharedUpdate)
          return hasSharedUpdate = true;
        position2 = newPosition2;
        let startTarget = target;
        pack2(value);
        resetStructures();
        if (startTarget !== target) {
          return { position: position2, targetView, target };
        }
        return position2;
      });
      if (newPosition === 0)
        return writeObject(object);
      position2 = newPosition;
    };
    const makeRoom = (end2) => {
      let newSize;
      if (end2 > 16777216) {
        if (end2 - start > MAX_BUFFER_SIZE)
          throw new Error("Packed buffer would be larger than maximum buffer size");
        newSize = Math.min(
          MAX_BUFFER_SIZE,
          Math.round(Math.max((end2 - start) * (end2 > 67108864 ? 1.25 : 2), 4194304) / 4096) * 4096
        );
      } else
        newSize = (Math.max(end2 - start << 2, target.length - 1) >> 12) + 1 << 12;
      let newBuffer = new ByteArrayAllocate(newSize);
      targetView = newBuffer.dataView || (newBuffer.dataView = new DataView(newBuffer.buffer, 0, newSize));
      end2 = Math.min(end2, target.length);
      if (target.copy)
        target.copy(newBuffer, 0, start, end2);
      else
        newBuffer.set(target.slice(start, end2));
      position2 -= start;
      start = 0;
      safeEnd = newBuffer.length - 10;
      return target = newBuffer;
    };
    const newRecord = (transition, keys, newTransitions) => {
      let recordId = structures.nextId;
      if (!recordId)
        recordId = 64;
      if (recordId < sharedLimitId && (reentrantDepth && this.saveStructures || this.shouldShareStructure && !this.shouldShareStructure(keys))) {
        if (reentrantDepth && this.saveStructures && !(this.shouldShareStructure && !this.shouldShareStructure(keys)))
          (pendingNestedStructures || (pendingNestedStructures = [])).push(keys);
        if (!maxOwnStructures)
          return false;
        recordId = structures.nextOwnId;
        if (!(recordId < maxStructureId))
          recordId = sharedLimitId;
        structures.nextOwnId = recordId + 1;
      } else {
        if (recordId >= maxStructureId) {
          if (!maxOwnStructures)
            return false;
          recordId = sharedLimitId;
        }
        structures.nextId = recordId + 1;
      }
      let highByte = keys.highByte = recordId >= 96 && useTwoByteRecords ? recordId - 96 >> 5 : -1;
      transition[RECORD_SYMBOL] = recordId;
      transition.__keys__ = keys;
      structures[recordId - 64] = keys;
      if (recordId < sharedLimitId) {
        keys.isShared = true;
        structures.sharedLength = recordId - 63;
        hasSharedUpdate = true;
        if (highByte >= 0) {
          target[position2++] = (recordId & 31) + 96;
          target[position2++] = highByte;
        } else {
          target[position2++] = recordId;
        }
      } else {
        if (highByte >= 0) {
          target[position2++] = 213;
          target[position2++] = 114;
          target[position2++] = (recordId & 31) + 96;
          target[position2++] = highByte;
        } else {
          target[position2++] = 212;
          target[position2++] = 114;
          target[position2++] = recordId;
        }
        if (newTransitions)
          transitionsCount += serializationsSinceTransitionRebuild * newTransitions;
        if (recordIdsToRemove.length >= maxOwnStructures)
          recordIdsToRemove.shift()[RECORD_SYMBOL] = 0;
        recordIdsToRemove.push(transition);
        pack2(keys);
      }
    };
    const insertNewRecord = (transition, keys, insertionOffset, newTransitions) => {
      let mainTarget = target;
      let mainPosition = position2;
      let mainSafeEnd = safeEnd;
      let mainStart = start;
      target = keysTarget;
      position2 = 0;
      start = 0;
      if (!target)
        keysTarget = target = new ByteArrayAllocate(8192);
      safeEnd = target.length - 10;
      newRecord(transition, keys, newTransitions);
      keysTarget = target;
      let keysPosition = position2;
      target = mainTarget;
      position2 = mainPosition;
      safeEnd = mainSafeEnd;
      start = mainStart;
      if (keysPosition > 1) {
        let newEnd = position2 + keysPosition - 1;
        if (newEnd > safeEnd)
          makeRoom(newEnd);
        let insertionPosition = insertionOffset + start;
        target.copyWithin(insertionPosition + keysPosition, insertionPosition + 1, position2);
        target.set(keysTarget.slice(0, keysPosition), insertionPosition);
        position2 = newEnd;
      } else {
        target[insertionOffset + start] = keysTarget[0];
      }
    };
  }
  useBuffer(buffer) {
    target = buffer;
    target.dataView || (target.dataView = new DataView(target.buffer, target.byteOffset, target.byteLength));
    targetView = target.dataView;
    position2 = 0;
  }
  set position(value) {
    position2 = value;
  }
  get position() {
    return position2;
  }
  clearSharedData() {
    if (this.structures) {
      this.structures = [];
      this.lastNamedStructuresLength = 0;
    }
    if (this.typedStructs)
      this.typedStructs = [];
  }
};
var dateToJSON = Date.prototype.toJSON;
var bufferToJSON = typeof Buffer !== "undefined" ? Buffer.prototype.toJSON : dateToJSON;
extensionClasses = [Date, Set, Error, RegExp, ArrayBuffer, Object.getPrototypeOf(Uint8Array.prototype).constructor, DataView, C1Type];
extensions = [{
  pack(date, allocateForWrite, pack2) {
    let seconds2 = date.getTime() / 1e3;
    if ((this.useTimestamp32 || date.getMilliseconds() === 0) && seconds2 >= 0 && seconds2 < 4294967296) {
      let { target: target2, targetView: targetView2, position: position3 } = allocateForWrite(6);
      target2[position3++] = 214;
      target2[position3++] = 255;
      targetView2.setUint32(position3, seconds2);
    } else if (seconds2 > 0 && seconds2 < 4294967296) {
      let { target: target2, targetView: targetView2, position: position3 } = allocateForWrite(10);
      target2[position3++] = 215;
      target2[position3++] = 255;
      targetView2.setUint32(position3, date.getMilliseconds() * 4e6 + (seconds2 / 1e3 / 4294967296 >> 0));
      targetView2.setUint32(position3 + 4, seconds2);
    } else if (isNaN(seconds2)) {
      if (this.onInvalidDate) {
        allocateForWrite(0);
        return pack2(this.onInvalidDate());
      }
      let { target: target2, targetView: targetView2, position: position3 } = allocateForWrite(3);
      target2[position3++] = 212;
      target2[position3++] = 255;
      target2[position3++] = 255;
    } else {
      let { target: target2, targetView: targetView2, position: position3 } = allocateForWrite(15);
      target2[position3++] = 199;
      target2[position3++] = 12;
      target2[position3++] = 255;
      targetView2.setUint32(position3, date.getMilliseconds() * 1e6);
      targetView2.setBigInt64(position3 + 4, BigInt(Math.floor(seconds2)));
    }
  }
}, {
  pack(set, allocateForWrite, pack2) {
    if (this.setAsEmptyObject) {
      allocateForWrite(0);
      return pack2({});
    }
    let array = Array.from(set);
    let { target: target2, position: position3 } = allocateForWrite(this.moreTypes ? 3 : 0);
    if (this.moreTypes) {
      target2[position3++] = 212;
      target2[position3++] = 115;
      target2[position3++] = 0;
    }
    pack2(array);
  }
}, {
  pack(error, allocateForWrite, pack2) {
    let { target: target2, position: position3 } = allocateForWrite(this.moreTypes ? 3 : 0);
    if (this.moreTypes) {
      target2[position3++] = 212;
      target2[position3++] = 101;
      target2[position3++] = 0;
    }
    pack2([error.name, error.message, error.cause]);
  }
}, {
  pack(regex, allocateForWrite, pack2) {
    let { target: target2, position: position3 } = allocateForWrite(this.moreTypes ? 3 : 0);
    if (this.moreTypes) {
      target2[position3++] = 212;
      target2[position3++] = 120;
      target2[position3++] = 0;
    }
    pack2([regex.source, regex.flags]);
  }
}, {
  pack(arrayBuffer, allocateForWrite) {
    if (this.moreTypes)
      writeExtBuffer(arrayBuffer, 16, allocateForWrite);
    else
      writeBuffer(hasNodeBuffer ? Buffer.from(arrayBuffer) : new Uint8Array(arrayBuffer), allocateForWrite);
  }
}, {
  pack(typedArray, allocateForWrite) {
    let constructor = typedArray.constructor;
    if (constructor !== ByteArray && this.moreTypes)
      writeExtBuffer(typedArray, typedArrays.indexOf(constructor.name), allocateForWrite);
    else
      writeBuffer(typedArray, allocateForWrite);
  }
}, {
  pack(arrayBuffer, allocateForWrite) {
    if (this.moreTypes)
      writeExtBuffer(arrayBuffer, 17, allocateForWrite);
    else
      writeBuffer(hasNodeBuffer ? Buffer.from(arrayBuffer) : new Uint8Array(arrayBuffer), allocateForWrite);
  }
}, {
  pack(c1, allocateForWrite) {
    let { target: target2, position: position3 } = allocateForWrite(1);
    target2[position3] = 193;
  }
}];
var builtInExtensionCount = extensions.length;
function writeExtBuffer(typedArray, type, allocateForWrite, encode3) {
  let length = typedArray.byteLength;
  if (length + 1 < 256) {
    var { target: target2, position: position3 } = allocateForWrite(4 + length);
    target2[position3++] = 199;
    target2[position3++] = length + 1;
  } else if (length + 1 < 65536) {
    var { target: target2, position: position3 } = allocateForWrite(5 + length);
    target2[position3++] = 200;
    target2[position3++] = length + 1 >> 8;
    target2[position3++] = length + 1 & 255;
  } else {
    var { target: target2, position: position3, targetView: targetView2 } = allocateForWrite(7 + length);
    target2[position3++] = 201;
    targetView2.setUint32(position3, length + 1);
    position3 += 4;
  }
  target2[position3++] = 116;
  target2[position3++] = type;
  if (!typedArray.buffer) typedArray = new Uint8Array(typedArray);
  target2.set(new Uint8Array(typedArray.buffer, typedArray.byteOffset, typedArray.byteLength), position3);
}
function writeBuffer(buffer, allocateForWrite) {
  let length = buffer.byteLength;
  var target2, position3;
  if (length < 256) {
    var { target: target2, position: position3 } = allocateForWrite(length + 2);
    target2[position3++] = 196;
    target2[position3++] = length;
  } else if (length < 65536) {
    var { target: target2, position: position3 } = allocateForWrite(length + 3);
    target2[position3++] = 197;
    target2[position3++] = length >> 8;
    target2[position3++] = length & 255;
  } else {
    var { target: target2, position: position3, targetView: targetView2 } = allocateForWrite(length + 5);
    target2[position3++] = 198;
    targetView2.setUint32(position3, length);
    position3 += 4;
  }
  target2.set(buffer, position3);
}
function writeExtensionData(result, target2, position3, type) {
  let length = result.length;
  switch (length) {
    case 1:
      target2[position3++] = 212;
      break;
    case 2:
      target2[position3++] = 213;
      break;
    case 4:
      target2[position3++] = 214;
      break;
    case 8:
      target2[position3++] = 215;
      break;
    case 16:
      target2[position3++] = 216;
      break;
    default:
      if (length < 256) {
        target2[position3++] = 199;
        target2[position3++] = length;
      } else if (length < 65536) {
        target2[position3++] = 200;
        target2[position3++] = length >> 8;
        target2[position3++] = length & 255;
      } else {
        target2[position3++] = 201;
        target2[position3++] = length >> 24;
        target2[position3++] = length >> 16 & 255;
        target2[position3++] = length >> 8 & 255;
        target2[position3++] = length & 255;
      }
  }
  target2[position3++] = type;
  target2.set(result, position3);
  position3 += length;
  return position3;
}
function insertIds(serialized, idsToInsert) {
  let nextId;
  let distanceToMove = idsToInsert.length * 6;
  let lastEnd = serialized.length - distanceToMove;
  while (nextId = idsToInsert.pop()) {
    let offset = nextId.offset;
    let id = nextId.id;
    serialized.copyWithin(offset + distanceToMove, offset, lastEnd);
    distanceToMove -= 6;
    let position3 = offset + distanceToMove;
    serialized[position3++] = 214;
    serialized[position3++] = 105;
    serialized[position3++] = id >> 24;
    serialized[position3++] = id >> 16 & 255;
    serialized[position3++] = id >> 8 & 255;
    serialized[position3++] = id & 255;
    lastEnd = offset;
  }
  return serialized;
}
function writeBundles(start, pack2, incrementPosition) {
  if (bundledStrings2.length > 0) {
    targetView.setUint32(bundledStrings2.position + start, position2 + incrementPosition - bundledStrings2.position - start);
    bundledStrings2.stringsPosition = position2 - start;
    let writeStrings = bundledStrings2;
    bundledStrings2 = null;
    pack2(writeStrings[0]);
    pack2(writeStrings[1]);
  }
}
function prepareStructures(structures, packr2) {
  structures.isCompatible = (existingStructures) => {
    let compatible = !existingStructures || (packr2.lastNamedStructuresLength || 0) === existingStructures.length;
    if (!compatible)
      packr2._mergeStructures(existingStructures);
    return compatible;
  };
  return structures;
}
Packr.SUPPORTS_STRUCT_HOOKS = true;
var defaultPackr = new Packr({ useRecords: false });
var pack = defaultPackr.pack;
var encode2 = defaultPackr.pack;
var { NEVER, ALWAYS, DECIMAL_ROUND, DECIMAL_FIT } = FLOAT32_OPTIONS;
var REUSE_BUFFER_MODE = 512;
var RESET_BUFFER_MODE = 1024;
var RESERVE_START_SPACE = 2048;

// node_modules/.pnpm/msgpackr@2.1.3/node_modules/msgpackr/node-index.js
import { createRequire } from "module";
var nativeAccelerationDisabled = process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED !== void 0 && process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED.toLowerCase() === "true";
if (!nativeAccelerationDisabled) {
  let extractor;
  try {
    if (typeof __require == "function")
      extractor = __require("msgpackr-extract");
    else
      extractor = createRequire(import.meta.url)("msgpackr-extract");
    if (extractor)
      setExtractor(extractor.extractStrings);
  } catch (error) {
  }
}

// packages/wire/src/body.ts
var packr = new Packr({ useRecords: false, encodeUndefinedAsNil: false, variableMapSize: true });
function encodeBody(body) {
  const present = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== void 0));
  return packr.pack(present);
}
function decodeBody(bytes) {
  const end2 = checkValue(bytes, 0, 0);
  if (end2 !== bytes.length) throw new WireError("bad_body", `${bytes.length - end2} bytes behind the body`);
  let value;
  try {
    value = packr.unpack(bytes);
  } catch (cause) {
    throw new WireError("bad_body", "the body is not msgpack", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    throw new WireError("bad_body", "the body is not a map");
  }
  return value;
}
function checkValue(bytes, at, depth) {
  if (depth > bodyDepthMax) throw new WireError("bad_body", `nested deeper than ${bodyDepthMax}`);
  const tag2 = byteAt(bytes, at);
  if (tag2 <= 127 || tag2 >= 224) return at + 1;
  if (tag2 <= 143) return checkMany(bytes, at + 1, (tag2 & 15) * 2, depth);
  if (tag2 <= 159) return checkMany(bytes, at + 1, tag2 & 15, depth);
  if (tag2 <= 191) return checkText(bytes, at + 1, tag2 & 31);
  switch (tag2) {
    case 192:
    // nil
    case 194:
    // false
    case 195:
      return at + 1;
    case 196:
      return checkBytes(bytes, at + 2, unsigned(bytes, at + 1, 1));
    case 197:
      return checkBytes(bytes, at + 3, unsigned(bytes, at + 1, 2));
    case 198:
      return checkBytes(bytes, at + 5, unsigned(bytes, at + 1, 4));
    case 217:
      return checkText(bytes, at + 2, unsigned(bytes, at + 1, 1));
    case 218:
      return checkText(bytes, at + 3, unsigned(bytes, at + 1, 2));
    case 219:
      return checkText(bytes, at + 5, unsigned(bytes, at + 1, 4));
    case 204:
    // uint 8
    case 208:
      return checkBytes(bytes, at + 1, 1);
    case 205:
    // uint 16
    case 209:
      return checkBytes(bytes, at + 1, 2);
    case 202:
    // float 32
    case 206:
    // uint 32
    case 210:
      return checkBytes(bytes, at + 1, 4);
    case 203:
    // float 64
    case 207:
    // uint 64
    case 211:
      return checkBytes(bytes, at + 1, 8);
    case 220:
      return checkMany(bytes, at + 3, unsigned(bytes, at + 1, 2), depth);
    case 221:
      return checkMany(bytes, at + 5, unsigned(bytes, at + 1, 4), depth);
    case 222:
      return checkMany(bytes, at + 3, unsigned(bytes, at + 1, 2) * 2, depth);
    case 223:
      return checkMany(bytes, at + 5, unsigned(bytes, at + 1, 4) * 2, depth);
    default:
      throw new WireError("bad_body", `msgpack type 0x${tag2.toString(16)} is not part of the protocol`);
  }
}
function checkMany(bytes, at, count, depth) {
  if (count > bytes.length - at)
    throw new WireError("bad_body", `${count} elements in ${bytes.length - at} bytes`);
  let offset = at;
  for (let index = 0; index < count; index++) offset = checkValue(bytes, offset, depth + 1);
  return offset;
}
function checkBytes(bytes, at, length) {
  if (at + length > bytes.length) throw new WireError("bad_body", "the body is cut off");
  return at + length;
}
function checkText(bytes, at, length) {
  const end2 = checkBytes(bytes, at, length);
  try {
    utf8.decode(bytes.subarray(at, end2));
  } catch (cause) {
    throw new WireError("bad_body", "a text is not UTF-8", { cause });
  }
  return end2;
}
function byteAt(bytes, at) {
  const byte = bytes[at];
  if (byte === void 0) throw new WireError("bad_body", "the body is cut off");
  return byte;
}
function unsigned(bytes, at, size) {
  let value = 0;
  for (let index = 0; index < size; index++) value = value * 256 + byteAt(bytes, at + index);
  return value;
}
var utf8 = new TextDecoder("utf-8", { fatal: true });

// packages/wire/src/fields.ts
var textEncoder3 = new TextEncoder();
var Fields = class {
  #body;
  constructor(body) {
    this.#body = body;
  }
  /** Text of at most `bytesMax` bytes of UTF-8; not empty unless `emptyAllowed`. */
  text(name, bytesMax, emptyAllowed = false) {
    return checkText2(name, this.#body[name], bytesMax, emptyAllowed);
  }
  /** Bytes with a length of exactly `length`. */
  bytes(name, length) {
    const value = this.#body[name];
    if (!(value instanceof Uint8Array) || value.length !== length) throw bad(name, `${length} bytes`);
    return value;
  }
  /** At most `bytesMax` bytes. */
  bytesUpTo(name, bytesMax) {
    const value = this.#body[name];
    if (!(value instanceof Uint8Array) || value.length > bytesMax)
      throw bad(name, `at most ${bytesMax} bytes`);
    return value;
  }
  /** A whole number from 0 to `max` (default 2^53 - 1). */
  count(name, max = Number.MAX_SAFE_INTEGER) {
    return checkCount(name, this.#body[name], max);
  }
  /** A boolean. */
  flag(name) {
    const value = this.#body[name];
    if (typeof value !== "boolean") throw bad(name, "a boolean");
    return value;
  }
  /** An object with the field as `read` gives it, or without it where the body has none. */
  optional(name, read2) {
    return this.#body[name] === void 0 ? {} : { [name]: read2() };
  }
  /** One of the given words. */
  oneOf(name, words) {
    const value = this.#body[name];
    const word = words.find((candidate) => candidate === value);
    if (word === void 0) throw bad(name, `one of ${words.join(", ")}`);
    return word;
  }
  /** At most `countMax` pieces of `length` bytes each, one behind the other. */
  bytesOf(name, length, countMax) {
    const value = this.bytesUpTo(name, length * countMax);
    if (value.length % length !== 0) throw bad(name, `pieces of ${length} bytes`);
    return value;
  }
  /** A list of at most `countMax` whole numbers from 0 to 2^53 - 1. */
  counts(name, countMax) {
    return this.#list(name, countMax).map((value) => checkCount(name, value, Number.MAX_SAFE_INTEGER));
  }
  /** A list of at most `countMax` texts. */
  texts(name, countMax, bytesMax) {
    return this.#list(name, countMax).map((value) => checkText2(name, value, bytesMax, false));
  }
  /** A list of at most `countMax` byte strings of exactly `length`. */
  bytesList(name, countMax, length) {
    return this.#list(name, countMax).map((value) => {
      if (!(value instanceof Uint8Array) || value.length !== length)
        throw bad(name, `a list of ${length}-byte strings`);
      return value;
    });
  }
  #list(name, countMax) {
    const value = this.#body[name];
    if (!Array.isArray(value) || value.length > countMax) throw bad(name, `a list of at most ${countMax}`);
    return value;
  }
};
function cutText(text3, bytesMax) {
  if (text3.length * 3 <= bytesMax) return text3;
  const bytes = new Uint8Array(bytesMax);
  return text3.slice(0, textEncoder3.encodeInto(text3, bytes).read);
}
function checkCount(name, value, max) {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0 || number > max) {
    throw bad(name, `a whole number from 0 to ${max}`);
  }
  return number;
}
function checkText2(name, value, bytesMax, emptyAllowed) {
  const fits = typeof value === "string" && (emptyAllowed || value.length > 0) && value.length <= bytesMax && textEncoder3.encode(value).length <= bytesMax;
  if (!fits) throw bad(name, `text of at most ${bytesMax} bytes`);
  return value;
}
function bad(name, expected) {
  return new WireError("bad_field", `field "${name}" must be ${expected}`);
}

// packages/wire/src/messages.ts
var messageTypes = {
  hello: 1,
  challenge: 2,
  proof: 3,
  welcome: 4,
  names: 5,
  names_done: 6,
  ping: 7,
  pong: 8,
  draining: 9,
  goodbye: 10,
  renew: 11,
  former_gone: 12,
  owned: 13,
  owned_have: 14,
  open: 16,
  open_ok: 17,
  open_failed: 18
};
function encodeMessage(message2) {
  const { kind, ...fields } = message2;
  const body = "code" in fields ? { ...fields, code: codeNumber(fields.code), text: cutText(fields.text, textBytesMax) } : fields;
  return encodeRawFrame(messageTypes[kind], encodeBody(body));
}
function decodeMessage(frame) {
  const decode4 = decoders[frame.type];
  return decode4 === void 0 ? void 0 : decode4(new Fields(decodeBody(frame.body)));
}
var decoders = {
  [messageTypes.hello]: (f) => ({
    kind: "hello",
    major: major(f, "dialer"),
    minor: f.count("minor", 65535),
    role: f.oneOf("role", ["agent", "relay"]),
    realm: f.text("realm", realmBytesMax, true),
    names: f.texts("names", namesPerSessionMax, nodeNameBytesMax),
    identity: f.bytes("identity", 32),
    bootId: f.bytes("bootId", 16),
    sessionSeq: f.count("sessionSeq"),
    nonce: f.bytes("nonce", 32),
    certificate: f.bytes("certificate", 32),
    label: f.text("label", textBytesMax, true),
    ...f.optional("standby", () => f.flag("standby"))
  }),
  [messageTypes.challenge]: (f) => ({
    kind: "challenge",
    major: major(f, "listener"),
    minor: f.count("minor", 65535),
    identity: f.bytes("identity", 32),
    bootId: f.bytes("bootId", 16),
    nonce: f.bytes("nonce", 32),
    signature: f.bytes("signature", 64),
    ...f.optional("meshProof", () => f.bytes("meshProof", 32))
  }),
  [messageTypes.proof]: (f) => ({
    kind: "proof",
    signature: f.bytes("signature", 64),
    ...f.optional("token", () => f.text("token", tokenBytesMax2)),
    ...f.optional("claim", () => f.bytes("claim", 64)),
    ...f.optional("meshProof", () => f.bytes("meshProof", 32))
  }),
  [messageTypes.welcome]: (f) => ({ kind: "welcome", label: f.text("label", textBytesMax, true) }),
  [messageTypes.names]: (f) => ({
    kind: "names",
    request: f.count("request"),
    add: f.texts("add", namesPerSessionMax, nodeNameBytesMax),
    remove: f.texts("remove", namesPerSessionMax, nodeNameBytesMax),
    claimSeq: f.count("claimSeq"),
    claim: f.bytes("claim", 64),
    ...f.optional("sessionSeq", () => f.count("sessionSeq"))
  }),
  [messageTypes.names_done]: (f) => ({
    kind: "names_done",
    request: f.count("request"),
    taken: f.texts("taken", namesPerSessionMax, nodeNameBytesMax)
  }),
  [messageTypes.ping]: (f) => ({ kind: "ping", number: f.count("number") }),
  [messageTypes.pong]: (f) => ({ kind: "pong", number: f.count("number") }),
  [messageTypes.draining]: () => ({ kind: "draining" }),
  [messageTypes.goodbye]: (f) => ({
    kind: "goodbye",
    code: codeFromNumber(f.count("code")),
    text: f.text("text", textBytesMax, true)
  }),
  [messageTypes.renew]: () => ({ kind: "renew" }),
  [messageTypes.former_gone]: () => ({ kind: "former_gone" }),
  [messageTypes.owned]: (f) => ({
    kind: "owned",
    origin: f.bytes("origin", 32),
    epoch: f.count("epoch"),
    version: f.count("version"),
    from: f.count("from"),
    ageMs: f.count("ageMs", ownedAgeMsMax),
    entry: f.bytesUpTo("entry", ownedEntryBytesMax),
    signature: f.bytes("signature", 64),
    more: f.flag("more")
  }),
  [messageTypes.owned_have]: (f) => {
    const origins = f.bytesList("origins", ownedOriginsMax, 32);
    const epochs = f.counts("epochs", ownedOriginsMax);
    const versions = f.counts("versions", ownedOriginsMax);
    if (epochs.length !== origins.length || versions.length !== origins.length)
      throw new WireError("bad_field", "origins, epochs and versions are not of one length");
    return { kind: "owned_have", origins, epochs, versions };
  },
  [messageTypes.open]: (f) => ({
    kind: "open",
    pathId: f.bytes("pathId", 16),
    realm: f.text("realm", realmBytesMax),
    from: f.text("from", nodeNameBytesMax),
    to: f.text("to", nodeNameBytesMax),
    visited: f.bytesList("visited", visitedRelaysMax, 32),
    hopsLeft: f.count("hopsLeft", 255),
    offer: f.bytesUpTo("offer", openPayloadBytesMax),
    exclude: f.bytesList("exclude", excludedSessionsMax, 16),
    ...f.optional("source", () => f.bytes("source", 32)),
    ...f.optional("hints", () => f.bytesList("hints", hintedRelaysMax, 32))
  }),
  [messageTypes.open_ok]: (f) => ({
    kind: "open_ok",
    answer: f.bytesUpTo("answer", openPayloadBytesMax),
    ...f.optional("via", () => f.bytes("via", 16))
  }),
  [messageTypes.open_failed]: (f) => ({
    kind: "open_failed",
    code: codeFromNumber(f.count("code")),
    text: f.text("text", textBytesMax, true),
    ...f.optional("via", () => f.bytes("via", 16))
  })
};
function major(fields, whose) {
  const value = fields.count("major", 65535);
  requireMajor(value, whose);
  return value;
}

// packages/wire/src/owned-entry.ts
function encodeOwnedEntry(entry) {
  return encodeBody({ ...entry });
}
function decodeOwnedEntry(bytes) {
  if (bytes.length > ownedEntryBytesMax) throw new WireError("bad_body", "the entry is too long");
  const body = decodeBody(bytes);
  const decode4 = Object.hasOwn(decoders2, String(body.kind)) ? decoders2[body.kind] : void 0;
  return decode4?.(new Fields(body));
}
function signOwned(identity, place, entry) {
  return identity.sign(ownedBytes(place, entry));
}
function verifyOwned(place, entry, signature) {
  return verifySignature({ publicKey: place.origin, message: ownedBytes(place, entry), signature });
}
function claimOfOwned(entry, relay) {
  const { realm, identity, bootId, sessionSeq, claimSeq, names } = entry;
  return { realm, identity, bootId, sessionSeq, claimSeq, relay, names };
}
function claimsDigest(versions) {
  const view = new DataView(new ArrayBuffer(8 * versions.length));
  for (const [index, version] of versions.entries()) {
    view.setUint32(8 * index, Math.floor(version / 2 ** 32));
    view.setUint32(8 * index + 4, version % 2 ** 32);
  }
  const bytes = new Uint8Array(view.buffer);
  return hmacSha256(text2("macula owned claims"), [bytes]).subarray(0, claimsDigestBytes);
}
function nameBytesOf(names) {
  return names.reduce((sum, name) => sum + text2(name).length, 0);
}
var claimsDigestBytes = 16;
var decoders2 = {
  claim: (f) => {
    const names = f.texts("names", namesPerSessionMax, nodeNameBytesMax);
    const since = f.counts("since", namesPerSessionMax);
    if (since.length !== names.length) throw new WireError("bad_field", 'not one "since" for each name');
    return {
      kind: "claim",
      session: sessionNumber(f),
      realm: f.text("realm", realmBytesMax),
      identity: f.bytes("identity", 32),
      bootId: f.bytes("bootId", 16),
      sessionSeq: f.count("sessionSeq"),
      claimSeq: f.count("claimSeq"),
      names,
      since,
      claim: f.bytes("claim", 64)
    };
  },
  release: (f) => ({ kind: "release", session: sessionNumber(f), keepMs: f.count("keepMs", 15e3) }),
  beat: (f) => ({ kind: "beat", digest: f.bytes("digest", claimsDigestBytes) }),
  neighbours: (f) => ({ kind: "neighbours", relays: f.bytesOf("relays", 8, visitedRelaysMax) }),
  conflict: (f) => ({
    kind: "conflict",
    realm: f.text("realm", realmBytesMax),
    identity: f.bytes("identity", 32),
    bootId: f.bytes("bootId", 16),
    sessionSeq: f.count("sessionSeq")
  })
};
function sessionNumber(fields) {
  const session = fields.count("session");
  if (session === 0) throw new WireError("bad_field", 'field "session" must be 1 or more');
  return session;
}
function ownedBytes({ origin, epoch, version }, entry) {
  return concatFields([text2("macula owned 2"), origin, u64(epoch), u64(version), entry]);
}

// apps/relay/src/errors.ts
var RelayError = class _RelayError extends Error {
  name = "RelayError";
  code;
  /** What the operator can do, one sentence. */
  remedy;
  constructor(code, message2, remedy, options) {
    super(message2, options);
    this.code = code;
    this.remedy = remedy;
  }
  /** Wraps whatever was thrown; a RelayError passes unchanged. */
  static from(thrown, code, remedy) {
    if (thrown instanceof _RelayError) return thrown;
    const text3 = thrown instanceof Error ? thrown.message : String(thrown);
    return new _RelayError(code, text3, remedy, { cause: thrown });
  }
};

// apps/relay/src/limits.ts
var openTimeoutMsDefault = 1e4;
var streamOpenTimeoutMs = 5e3;
var refusedStreamLingerMs = 5e3;
var pendingOpensMax = 8192;
var pendingOpensPerLinkMax = 2048;
var ghostSilenceMs = 2e3;
var ghostProbeMs = 500;
var nameFreeAfterMs = 15e3;
var sessionPingAfterMs = 13e3;
var sessionSilenceMsMax = 3e4;
var supersededPerProcessMax = 2;
var standbyTurnMs = 200;
var supersededPingAfterMs = 2e3;
var supersededSilenceMsMax = 1e4;
var sessionsMaxDefault = 1e4;
var pendingHellosMax = 1024;
var unfinishedHellosDefault = 64;
var helloFairMs = 1e3;
var failedHellosPerSecondDefault = 10;
var failedHellosBurstSeconds = 60;
var slowedHellosPerSecond = 60;
var slowedRetryMs = 2e3;
var addressesMax = 16384;
var sessionsDefault = 16;
var namesDefault = 256;
var tunnelsDefault = 8192;
var streamsDefault = 1024;
var bytesPerSecondDefault = 1e9;
var opensPerSecondDefault = 200;
var unknownNamesPerSecondDefault = 5;
var hellosPerSecondDefault = 2;
var quotaBurstSeconds = { bytesPerSecond: 1, opensPerSecond: 10, unknownNamesPerSecond: 200, hellosPerSecond: 30 };
var bytesBurstMin = 256 * 1024;
var unknownNameMs = 2e3;
var unknownNamesMax = 16384;
var strikesMax = 2048;
var strikesPerSecond = 50;
var strikeWeights = { stream: 1, session: 8, hello: 8, control: 512 };
var refusedIdentityMs = 3e4;
var toldRefusalsPerSecond = 10;
var toldRefusalsBurst = 20;
var controlPerSecond = 20;
var controlBurst = 400;
var controlCostOfNames = 20;
var retryMsMin = 1e3;
var restingAccountsMax = 16384;
var quotaSweepMs = 1e4;
var streamsPerSessionMax = 4096;
var controlBufferBytesMax = 1024 * 1024;
var goodbyeLingerMs = 100;
var peerBackoffMsMin = 100;
var peerBackoffMsMax = 5e3;
var peerStableMs = 5e3;
var backoffJitter = 0.2;
var drainGraceMsDefault = 2e3;
var devCertificateDays = 365;
var meshSecretBytesMin = 16;
var accessFileBytesMax = 1024 * 1024;
var accessRealmsMax = 1024;
var issuersPerRealmMax = 64;
var accessRelaysMax = 1024;
var revokedTokensMax = 1e4;
var accessPollMs = 1e3;
var ownedBeatMs = 5e3;
var ownershipTickMs = 1e3;
var ownedReleaseKeptMs = 6e4;
var ownedForgetMs = 6e4;
var originForgetMs = ownedAgeMsMax;
var ownedOverdueMs = 7500;
var ownedOverdueAskedMax = 4;
var ownedAskEveryMs = 1e3;
var ownedRepairMsMin = 4e3;
var ownedRepairMsMax = 64e3;
var ownedPassedOnMax = 64;
var ownedAnswerBytesMax = 256 * 1024;
var ownedBufferBytesMax = 512 * 1024;
var ownedOriginsKnownMax = 1024;
var ownedBytesPerOriginMax = 64 * 1024 * 1024;
var ownedBytesMax = 256 * 1024 * 1024;
var ownedClaimBurst = 4;
var ownedClaimEveryMs = 200;
var ownedPublishedMax = 200;
var ownedPublishedEveryMs = 50;
var distrustMs = 6e4;
var uncheckedPerNameMax = 8;
var reservedNamesPerIdentityMax = namesPerSessionMax;
var reservedNamesMax = 1e5;
var contestWindowMs = 6e4;
var contestReplacementsMax = 3;
var contestProtestMs = 3e3;
var contestedIdentitiesMax = 1e4;
var shareOfTime = 0.1;
var shareBurstMs = 3;
var shareTurnMsMax = 2;
var shareWaitingMax = 8192;
var workCostMs = { names: 0.3, stream: 0.03, open: 0.07 };

// apps/relay/src/access/access-file.ts
function parseAccessFile(text3, origin) {
  let value;
  try {
    value = JSON.parse(text3);
  } catch (cause) {
    const why = `${origin} is not JSON: ${cause.message}`;
    throw new RelayError("bad_access_file", why, "Correct it; the README of the relay has an example.", {
      cause
    });
  }
  return new AccessFileParser(origin).file(value);
}
var AccessFileParser = class {
  #origin;
  constructor(origin) {
    this.#origin = origin;
  }
  file(value) {
    const fields = this.#object(value, "the whole", ["realms", "relays", "revoked"]);
    const { realms, relays, revoked } = fields;
    return {
      realms: realms === void 0 ? void 0 : this.#realms(realms),
      relays: relays === void 0 ? void 0 : new Set(this.#ids(relays, "relays", accessRelaysMax)),
      revoked: new Map(revoked === void 0 ? [] : this.#revoked(revoked))
    };
  }
  #realms(value) {
    const entries = Object.entries(this.#object(value, "realms"));
    if (entries.length > accessRealmsMax)
      throw this.#bad("realms", `has more than ${accessRealmsMax} entries`);
    return new Map(entries.map(([name, rule]) => [name, this.#realm(name, rule)]));
  }
  #realm(name, value) {
    const field = `realms[${JSON.stringify(name.slice(0, 80))}]`;
    if (name === "" || Buffer.byteLength(name) > realmBytesMax)
      throw this.#bad(field, `is no realm: one has 1 to ${realmBytesMax} bytes`);
    const rule = this.#object(value, field, ["access", "issuers", "limits"]);
    const limits = this.#limits(rule.limits, `${field}.limits`);
    if (rule.access === "open") {
      if (rule.issuers !== void 0)
        throw this.#bad(`${field}.issuers`, 'is only for realms with "access": "token"');
      return { access: "open", limits };
    }
    if (rule.access !== "token") throw this.#bad(`${field}.access`, 'must be "open" or "token"');
    const issuers = this.#ids(rule.issuers, `${field}.issuers`, issuersPerRealmMax);
    return { access: "token", issuers, limits };
  }
  #limits(value, field) {
    if (value === void 0) return {};
    try {
      return parseTokenLimits(value, "bad_option");
    } catch (cause) {
      throw this.#bad(field, `can't be used: ${cause.message}`);
    }
  }
  #revoked(value) {
    return this.#list(value, "revoked", revokedTokensMax).map((item, index) => {
      const field = `revoked[${index}]`;
      const { id, until } = this.#object(item, field, ["id", "until"]);
      if (!isTokenId(id)) throw this.#bad(`${field}.id`, "must be the id (jti) of a token, 22 characters");
      const isTime = Number.isInteger(until) && until >= 0 && until <= tokenTimeSecondsMax;
      if (!isTime) throw this.#bad(`${field}.until`, "must be whole seconds since 1970");
      return [id, until];
    });
  }
  #ids(value, field, countMax) {
    return this.#list(value, field, countMax).map((item, index) => {
      try {
        parseIdentityId(item);
        return item;
      } catch {
        throw this.#bad(`${field}[${index}]`, "must be an id of 43 characters, as macula id prints it");
      }
    });
  }
  #list(value, field, countMax) {
    if (!Array.isArray(value)) throw this.#bad(field, "must be a list");
    if (value.length > countMax) throw this.#bad(field, `has more than ${countMax} entries`);
    return value;
  }
  #object(value, field, known) {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw this.#bad(field, "must be an object");
    const unknown = known && Object.keys(value).find((name) => !known.includes(name));
    if (unknown !== void 0)
      throw this.#bad(field, `has the unknown field ${JSON.stringify(unknown.slice(0, 80))}`);
    return value;
  }
  #bad(field, why) {
    const remedy = `Correct ${field} in it; the README of the relay says what may stand there.`;
    return new RelayError("bad_access_file", `${this.#origin}: ${field} ${why}`, remedy);
  }
};

// apps/relay/src/access/access-file-text.ts
import { open } from "node:fs/promises";
async function readAccessFile(path) {
  let file;
  try {
    file = await open(path, "r");
  } catch (cause) {
    const isMissing = cause.code === "ENOENT";
    const why = isMissing ? `there is no access file ${path}` : `${path} can't be read: ${cause.message}`;
    const remedy = isMissing ? "Make it (the README of the relay has an example), or correct the path." : "Let the relay's user read it.";
    throw new RelayError("bad_access_file", why, remedy, { cause });
  }
  try {
    const stats = await file.stat({ bigint: true });
    checkStats(path, stats);
    return { text: await file.readFile("utf8"), stats };
  } catch (cause) {
    throw RelayError.from(cause, "bad_access_file", `Check ${path}.`);
  } finally {
    await file.close();
  }
}
function fileFingerprint({ dev, ino, mode, size, mtimeNs, ctimeNs }) {
  return [dev, ino, mode, size, mtimeNs, ctimeNs].join(" ");
}
function checkStats(path, stats) {
  const { mode, size } = stats;
  if (!stats.isFile()) {
    throw new RelayError("bad_access_file", `${path} is no file`, "Give the path of a JSON file.");
  }
  if (process.platform !== "win32" && (mode & 0o022n) !== 0n) {
    const why = `others than its owner may write ${path} (mode ${(mode & 0o777n).toString(8)}), and so let anybody in`;
    throw new RelayError("bad_access_file", why, `Run: chmod go-w ${path}`);
  }
  if (size > BigInt(accessFileBytesMax)) {
    const why = `${path} has more than ${accessFileBytesMax} bytes`;
    throw new RelayError("bad_access_file", why, "Remove entries of revoked whose until is over.");
  }
}

// apps/relay/src/config.ts
import { hostname } from "node:os";

// packages/transport/src/errors.ts
var TransportError = class _TransportError extends Error {
  name = "TransportError";
  code;
  constructor(code, message2, options) {
    super(message2, options);
    this.code = code;
  }
  /** Wraps whatever was thrown; a TransportError passes unchanged. */
  static from(thrown, code = "handshake_failed") {
    if (thrown instanceof _TransportError) return thrown;
    const text3 = thrown instanceof Error ? thrown.message : String(thrown);
    return new _TransportError(code, text3, { cause: thrown });
  }
};

// packages/transport/src/core/give-up.ts
function onGivenUp(signal, giveUp) {
  if (!signal) return () => {
  };
  const listener = () => giveUp(new TransportError("closed", "the attempt was given up"));
  if (signal.aborted) listener();
  else signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}

// packages/transport/src/core/race.ts
function race(contenders, { headStartMs, signal, isFinal = () => false }) {
  return new Promise((resolve2) => {
    const failures = [];
    const running = /* @__PURE__ */ new Set();
    let started = 0;
    let isOver = false;
    let timer;
    let forget = () => {
    };
    const finish = (outcome) => {
      isOver = true;
      clearTimeout(timer);
      forget();
      resolve2(outcome);
      for (const controller of running) controller.abort();
    };
    const startNext = () => {
      clearTimeout(timer);
      const contender = contenders[started];
      if (isOver || contender === void 0) return;
      started += 1;
      if (started < contenders.length) timer = setTimeout(startNext, headStartMs);
      const controller = new AbortController();
      running.add(controller);
      contender.dial(controller.signal).then(
        (connection) => {
          running.delete(controller);
          if (isOver) connection.close(0, "another attempt was faster");
          else finish({ kind: "won", winner: contender, connection, failures });
        },
        (thrown) => {
          running.delete(controller);
          if (isOver) return;
          const error = TransportError.from(thrown);
          failures.push({ name: contender.name, error });
          if (isFinal(error)) finish({ kind: "failed", failures: [{ name: contender.name, error }] });
          else if (started < contenders.length) startNext();
          else if (running.size === 0) finish({ kind: "failed", failures });
        }
      );
    };
    if (contenders.length === 0) finish({ kind: "failed", failures });
    forget = onGivenUp(signal, (error) => finish({ kind: "given_up", error }));
    startNext();
  });
}

// packages/transport/src/core/telling-error.ts
function tellingError(failures) {
  const sorted = [...failures].sort((a, b) => rank(a.error.code) - rank(b.error.code));
  const [first2] = sorted;
  if (first2 === void 0) return new TransportError("unsupported", "there is nothing to dial with");
  const texts = new Set(sorted.map(({ error }) => error.message));
  if (texts.size === 1) return first2.error;
  const text3 = sorted.map(({ name, error }) => name === "" ? error.message : `${name}: ${error.message}`).join("; ");
  return new TransportError(first2.error.code, text3, { cause: first2.error });
}
function rank(code) {
  const index = mostTellingFirst.indexOf(code);
  return index < 0 ? mostTellingFirst.length : index;
}
var mostTellingFirst = [
  "closed",
  "bad_setting",
  "bad_url",
  "certificate_wrong_pin",
  "certificate_expired",
  "certificate_wrong_name",
  "certificate_untrusted",
  "proxy_refused",
  "handshake_failed",
  "protocol_violation",
  "name_not_resolved",
  "refused",
  "reset",
  "unreachable",
  "connect_timeout",
  "idle_timeout",
  "worker_lost"
];

// packages/transport/src/limits.ts
var udpPayloadBytesMax = 1350;
var streamBufferBytesMax = 256 * 1024;
var streamWindowBytesMax = 1024 * 1024;
var connectionWindowBytes = 2 ** 40;
var bulkQuantumBytes = 16 * 1024;
var packetsPerTurnMax = 64;
var unaccountedBytesMax = 1024 * 1024;
var idleTimeoutMs = 3e4;
var keepAliveMs = 15e3;
var tlsStreamsMax = 4096;
var tlsWriteBufferBytes = 64 * 1024;
var tlsAnswerBytesMax = 1024 * 1024;
var tlsHandshakesMax = 512;
var handshakesEachMax = 64;
var tlsHandshakeMsMax = 5e3;
var ticketConditionsMax = 64;
var ticketsEachMax = 4;
var ticketBytesMax = 16 * 1024;
var ticketMsMax = 24 * 36e5;
var connectTimeoutMs = 1e4;
var addressHeadStartMs = 250;
var dialHeadStartMs = 300;
var tlsFirstMs = 5 * 6e4;
var tlsFirstRelaysMax = 256;
var codeMax = 2 ** 48 - 1;

// packages/transport/src/relay-url.ts
var portDefault = 4433;
var schemes = ["https", "quic", "quinn", "tls"];
function parseRelayUrl(text3) {
  const match = /^([a-zA-Z]+):\/\/(.*)$/.exec(text3.trim());
  if (!match) throw bad2(text3, "it must look like https://relay.example.org:4433");
  const scheme = match[1].toLowerCase();
  if (!schemes.includes(scheme)) throw bad2(text3, `the scheme must be one of ${schemes.join(", ")}`);
  if (/[\s\p{Cc}]/u.test(match[2])) throw bad2(text3, "host or port is malformed");
  let url;
  try {
    url = new URL(`https://${match[2]}`);
  } catch (cause) {
    throw bad2(text3, "host or port is malformed", cause);
  }
  if (url.username || url.password) throw bad2(text3, "it must not contain a user name or password");
  if (url.pathname !== "/" && url.pathname !== "" || url.search)
    throw bad2(text3, "it must not have a path or query");
  const authority = match[2].split(/[/\\?#]/)[0];
  const portText = /:(\d+)$/.exec(authority)?.[1];
  const port = portText === void 0 ? portDefault : Number(portText);
  if (port < 1 || port > 65535) throw bad2(text3, "the port must be between 1 and 65535");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (host === "") throw bad2(text3, "the host is missing");
  const fragment = parseFragment(text3, url.hash.slice(1));
  if (fragment.quinnPort !== void 0 && scheme !== "https")
    throw bad2(text3, "quinn=PORT belongs to an https:// URL, where the transport is chosen");
  if (fragment.quinnPort !== void 0 && fragment.identityPin === void 0)
    throw bad2(text3, "quinn=PORT needs id=ID too, since quinn has no certificate authorities");
  return {
    text: `${scheme}://${hostText(host)}:${port}`,
    scheme,
    host,
    port,
    ...fragment
  };
}
function quinnUrlOf({ host, quinnPort, ...rest }) {
  if (quinnPort === void 0) return void 0;
  const text3 = `quinn://${hostText(host)}:${quinnPort}`;
  return { ...rest, text: text3, scheme: "quinn", host, port: quinnPort, quinnPort: void 0, certificatePins: [] };
}
function parseFragment(text3, fragment) {
  const certificatePins = [];
  let identityPin;
  let quinnPort;
  for (const part of fragment === "" ? [] : fragment.split("&")) {
    const [key, value = ""] = part.split("=", 2);
    if (key === "sha256") {
      for (const hex of value.split(",")) certificatePins.push(parseFingerprint(text3, hex));
    } else if (key === "id") {
      if (!/^[A-Za-z0-9_-]{43}$/.test(value)) throw bad2(text3, "id must be 43 characters of base64url");
      identityPin = value;
    } else if (key === "quinn") {
      if (!/^\d{1,5}$/.test(value) || Number(value) < 1 || Number(value) > 65535)
        throw bad2(text3, "quinn must be a port between 1 and 65535");
      quinnPort = Number(value);
    } else {
      throw bad2(text3, `"${key}" is unknown, known are sha256, id and quinn`);
    }
  }
  return { certificatePins, identityPin, quinnPort };
}
function hostText(host) {
  return host.includes(":") ? `[${host}]` : host;
}
function parseFingerprint(text3, hex) {
  const digits = hex.replaceAll(":", "");
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) throw bad2(text3, "sha256 must be 64 hexadecimal digits");
  return Uint8Array.from(digits.match(/../g), (pair) => Number.parseInt(pair, 16));
}
function bad2(text3, why, cause) {
  return new TransportError("bad_url", `bad relay URL "${text3}": ${why}`, { cause });
}

// packages/transport/src/auto/listen-together.ts
var portTriesMax = 16;
async function listenTogether(transports, options, onUnavailable = () => {
}) {
  const unavailable = /* @__PURE__ */ new Map();
  for (let tries = 1; ; tries++) {
    const bound = [];
    try {
      for (const transport of transports) {
        if (unavailable.has(transport)) continue;
        const port = bound[0]?.listener.address.port ?? options.port;
        try {
          bound.push({ transport, listener: await transport.listen({ ...options, port }) });
        } catch (thrown) {
          const error = TransportError.from(thrown, "bind_failed");
          if (error.code !== "unsupported") throw error;
          unavailable.set(transport, error);
          onUnavailable(transport, error);
        }
      }
    } catch (thrown) {
      await Promise.all(bound.map(({ listener }) => listener.close()));
      const isOtherPortFine = options.port === 0 && bound.length > 0 && tries < portTriesMax;
      if (isOtherPortFine && thrown.code === "bind_failed") continue;
      throw thrown;
    }
    if (bound.length > 0) return bound;
    throw [...unavailable.values()].at(-1) ?? new TransportError("unsupported", "no transport to listen with");
  }
}

// packages/transport/src/auto/tls-first.ts
var TlsFirst = class {
  #untilMs = /* @__PURE__ */ new Map();
  #memoryMs;
  #relaysMax;
  /** Each is forgotten after `memoryMs`, so that QUIC gets another chance; the oldest when there are more than `relaysMax`. */
  constructor(memoryMs, relaysMax2) {
    this.#memoryMs = memoryMs;
    this.#relaysMax = relaysMax2;
  }
  has(url, nowMs) {
    const untilMs = this.#untilMs.get(keyOf(url));
    if (untilMs === void 0) return false;
    if (nowMs < untilMs) return true;
    this.forget(url);
    return false;
  }
  add(url, nowMs) {
    this.forget(url);
    this.#untilMs.set(keyOf(url), nowMs + this.#memoryMs);
    if (this.#untilMs.size <= this.#relaysMax) return;
    for (const oldest of this.#untilMs.keys()) {
      this.#untilMs.delete(oldest);
      return;
    }
  }
  forget(url) {
    this.#untilMs.delete(keyOf(url));
  }
};
function keyOf({ host, port }) {
  return `${host} ${port}`;
}

// packages/transport/src/auto/auto-transport.ts
function createAutoTransport(options) {
  return new AutoTransport(options);
}
var AutoTransport = class {
  name = "auto";
  #transports;
  #headStartMs;
  #tlsFirst;
  /** Those that can't be used here, and why. */
  #unavailable = /* @__PURE__ */ new Map();
  /** What gives up each attempt that is under way. */
  #dials = /* @__PURE__ */ new Set();
  #isClosed = false;
  constructor(options) {
    this.#transports = options.transports;
    this.#headStartMs = options.headStartMs ?? dialHeadStartMs;
    this.#tlsFirst = new TlsFirst(options.tlsFirstMs ?? tlsFirstMs, tlsFirstRelaysMax);
  }
  async dial(options) {
    this.#checkOpen();
    const { url } = options;
    const hasTlsFirst = this.#tlsFirst.has(url, performance.now());
    const candidates = this.#candidatesFor(url, hasTlsFirst);
    const usable = candidates.flatMap((way) => this.#usable(way, url) ?? []);
    const timeoutMs = options.connectTimeoutMs ?? connectTimeoutMs;
    const deadlineMs = performance.now() + timeoutMs;
    const contenders = usable.map(
      (way) => ({
        name: way.transport.name,
        dial: (signal) => this.#dialWay(way, { ...options, signal }, deadlineMs)
      })
    );
    const giveUp = new AbortController();
    const forget = onGivenUp(options.signal, () => giveUp.abort());
    this.#dials.add(giveUp);
    const headStartMs = Math.min(this.#headStartMs, timeoutMs / 2);
    const outcome = await race(contenders, { headStartMs, signal: giveUp.signal });
    this.#dials.delete(giveUp);
    forget();
    if (outcome.kind === "won") {
      const hadChoice = usable.length > 1 && !usable.some(({ transport }) => this.#unavailable.has(transport));
      if (outcome.winner.name !== "tls") this.#tlsFirst.forget(url);
      else if (hadChoice && !hasTlsFirst) this.#tlsFirst.add(url, performance.now());
      return outcome.connection;
    }
    if (outcome.kind === "given_up") throw outcome.error;
    this.#tlsFirst.forget(url);
    const before = candidates.filter((way) => !usable.includes(way));
    const unavailable = before.map(({ transport }) => ({
      name: transport.name,
      error: this.#unavailable.get(transport)
    }));
    throw tellingError([...outcome.failures, ...unavailable]);
  }
  async listen(options) {
    this.#checkOpen();
    const transports = this.#transports.filter(({ name }) => name !== "quinn");
    const bound = await listenTogether(transports, options);
    return new JoinedListener(bound.map(({ listener }) => listener));
  }
  async close() {
    this.#isClosed = true;
    for (const giveUp of this.#dials) giveUp.abort();
    await Promise.all(this.#transports.map((transport) => transport.close()));
  }
  #checkOpen() {
    if (this.#isClosed) throw new TransportError("closed", "the transport is closed");
  }
  /** In the order in which they start. */
  #candidatesFor(url, hasTlsFirst) {
    const order = url.scheme !== "https" ? [url.scheme] : hasTlsFirst ? ["tls", "quic"] : ["quic", "tls"];
    const candidates = ["memory", ...order].flatMap((name) => {
      const ways = this.#transports.filter((transport) => transport.name === name);
      if (ways.length > 0 || name !== "quic") return ways.map((transport) => ({ transport, url }));
      return this.#quinnFor(url) ?? [];
    });
    if (candidates.length > 0) return candidates;
    const text3 = `${url.scheme}:// can't be dialled here: there is no such transport, or it is switched off`;
    throw new TransportError("unsupported", text3);
  }
  /** The way itself, or what goes in place of one that isn't available. */
  #usable(way, url) {
    if (!this.#unavailable.has(way.transport)) return way;
    const quinn = way.transport.name === "quic" ? this.#quinnFor(url) : void 0;
    return quinn && !this.#unavailable.has(quinn.transport) ? quinn : void 0;
  }
  #quinnFor(url) {
    const quinnUrl = quinnUrlOf(url);
    const transport = this.#transports.find(({ name }) => name === "quinn");
    return quinnUrl && transport && { transport, url: quinnUrl };
  }
  async #dialWay(way, options, deadlineMs) {
    const leftMs = Math.max(1, deadlineMs - performance.now());
    try {
      return await way.transport.dial({ ...options, url: way.url, connectTimeoutMs: leftMs });
    } catch (thrown) {
      this.#noteUnavailable(way.transport, thrown);
      const next = this.#usable(way, options.url);
      if (next === void 0 || next === way) throw thrown;
      return this.#dialWay(next, options, deadlineMs);
    }
  }
  #noteUnavailable(transport, thrown) {
    if (!(thrown instanceof TransportError) || thrown.code !== "unsupported") return;
    if (this.#unavailable.has(transport)) return;
    this.#unavailable.set(transport, thrown);
    void transport.close().catch(() => {
    });
  }
};
var JoinedListener = class {
  #listeners;
  constructor(listeners) {
    this.#listeners = listeners;
  }
  get address() {
    return this.#listeners[0].address;
  }
  start(handlers) {
    for (const listener of this.#listeners) listener.start(handlers);
  }
  setCertificate(certificate) {
    for (const listener of this.#listeners) listener.setCertificate(certificate);
  }
  async close(code) {
    await Promise.all(this.#listeners.map((listener) => listener.close(code)));
  }
};

// packages/transport/src/certificate-pair.ts
import { createHash as createHash3, createPrivateKey as createPrivateKey3, X509Certificate } from "node:crypto";
function checkCertificatePair(certificate) {
  const leaf = parse(certificate.certPem);
  try {
    if (leaf.checkPrivateKey(createPrivateKey3(certificate.keyPem))) return;
  } catch (thrown) {
    throw TransportError.from(thrown, "bad_certificate");
  }
  throw new TransportError("bad_certificate", "the private key does not belong to the certificate");
}
function parse(certPem) {
  try {
    return new X509Certificate(certPem);
  } catch (thrown) {
    throw TransportError.from(thrown, "bad_certificate");
  }
}

// packages/transport/src/core/transport-setting.ts
function transportSetting(environment = process.env) {
  const value = environment.MACULA_TRANSPORT || "auto";
  if (value === "auto" || value === "tls") return value;
  throw new TransportError("bad_setting", `MACULA_TRANSPORT=${value} is not one of auto, tls`);
}

// packages/transport/src/dev-certificate.ts
import { createPrivateKey as createPrivateKey4 } from "node:crypto";
var dayMs = 864e5;
async function makeDevCertificate(options) {
  const { generate } = await import("selfsigned");
  const notBeforeDate = options.notBefore ?? new Date(Date.now() - 36e5);
  const pems = await generate([{ name: "commonName", value: options.names[0] ?? "macula" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate,
    notAfterDate: new Date(notBeforeDate.getTime() + options.days * dayMs),
    extensions: [
      { name: "basicConstraints", cA: options.issuer === void 0, critical: true },
      { name: "keyUsage", digitalSignature: true, keyCertSign: options.issuer === void 0, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          ...options.names.map((value) => ({ type: 2, value })),
          ...options.ips.map((ip) => ({ type: 7, ip }))
        ]
      }
    ],
    ...options.issuer ? { ca: { key: options.issuer.keyPem, cert: options.issuer.certPem } } : {}
  });
  const keyPem = createPrivateKey4(pems.private).export({ type: "pkcs8", format: "pem" }).toString();
  return { certPem: pems.cert, keyPem };
}

// packages/transport/src/core/chunk-queue.ts
var gatherBelowBytes = 4096;
var ChunkQueue2 = class {
  /** Bytes in the queue. */
  bytes = 0;
  #chunks = [];
  #head = 0;
  /** Appends a chunk; it belongs to the queue from then on. */
  push(chunk) {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.bytes += chunk.length;
  }
  /**
   * The next bytes, at most `bytesMax`, without removing them. Small chunks are gathered in `scratch`, so the answer
   * is valid until the scratch is used again. `scratch` must hold `bytesMax`.
   */
  peek(bytesMax, scratch4) {
    const first2 = this.#chunks[this.#head];
    if (first2 === void 0) return scratch4.subarray(0, 0);
    const isLast = this.#head + 1 === this.#chunks.length;
    if (isLast || first2.length >= gatherBelowBytes || first2.length >= bytesMax) {
      return first2.length > bytesMax ? first2.subarray(0, bytesMax) : first2;
    }
    let filled = 0;
    for (let at = this.#head; at < this.#chunks.length && filled < bytesMax; at++) {
      const chunk = this.#chunks[at];
      const part = chunk.length > bytesMax - filled ? chunk.subarray(0, bytesMax - filled) : chunk;
      scratch4.set(part, filled);
      filled += part.length;
    }
    return scratch4.subarray(0, filled);
  }
  /** Removes and answers the first chunk, cut to `bytesMax`. */
  shift(bytesMax = Number.POSITIVE_INFINITY) {
    const first2 = this.#chunks[this.#head];
    if (first2 === void 0) return void 0;
    const part = first2.length > bytesMax ? first2.subarray(0, bytesMax) : first2;
    this.drop(part.length);
    return part;
  }
  /** Removes bytes from the front. */
  drop(count) {
    this.bytes -= count;
    let left = count;
    while (left > 0) {
      const first2 = this.#chunks[this.#head];
      if (first2.length > left) {
        this.#chunks[this.#head] = first2.subarray(left);
        return;
      }
      left -= first2.length;
      this.#chunks[this.#head] = empty;
      this.#head++;
    }
    if (this.#head === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#head = 0;
    } else if (this.#head >= 64 && this.#head * 2 >= this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
  }
  /** Forgets everything. */
  clear() {
    this.#chunks = [];
    this.#head = 0;
    this.bytes = 0;
  }
};
var empty = new Uint8Array(0);

// packages/transport/src/core/codes.ts
function checkCode(code) {
  if (Number.isInteger(code) && code >= 0 && code <= codeMax) return;
  throw new TransportError("bad_code", `the code ${code} is no integer from 0 to ${codeMax}`);
}
function heardCode(code) {
  return Math.min(code, codeMax);
}

// packages/transport/src/core/connection-core.ts
var waitingDatagramsMax = 64;
var ConnectionCore = class {
  transport;
  role;
  remoteAddress;
  certificateSha256;
  /** Set once the connection is closed. */
  closed;
  /** Every stream that is not over. */
  streams = /* @__PURE__ */ new Set();
  #handlers;
  #waitingStreams = [];
  #waitingDatagrams = [];
  #renewal = "not due";
  #closedTold = false;
  #streamIdNext = 0;
  constructor(facts) {
    this.transport = facts.transport;
    this.role = facts.role;
    this.remoteAddress = facts.remoteAddress;
    this.certificateSha256 = facts.certificateSha256;
  }
  start(handlers) {
    this.#handlers = handlers;
    const streams = this.#waitingStreams;
    const datagrams = this.#waitingDatagrams;
    this.#waitingStreams = [];
    this.#waitingDatagrams = [];
    queueMicrotask(() => {
      for (const stream of streams) this.#handlers.onStream(stream);
      for (const datagram of datagrams) this.#handlers.onDatagram?.(datagram);
      this.#tellRenewal();
      this.#tellClosed();
    });
  }
  openStream(options = {}) {
    if (this.closed) throw new TransportError("closed", "the connection is closed");
    const stream = this.makeStream(this.#streamIdNext++, options.priority ?? "bulk");
    this.streams.add(stream);
    return stream;
  }
  close(code, reason) {
    checkCode(code);
    if (this.closed) return;
    this.closed = { kind: "local", code, reason };
    this.closeProtocol(code, reason);
    queueMicrotask(() => this.#end(new TransportError("closed", `the connection was closed: ${reason}`)));
  }
  /** A stream the peer opened. */
  acceptStream() {
    const stream = this.makeStream(this.#streamIdNext++, "bulk");
    this.streams.add(stream);
    return stream;
  }
  /** Tells the owner of a stream made by {@link acceptStream}. */
  announce(stream) {
    if (this.#handlers) this.#handlers.onStream(stream);
    else this.#waitingStreams.push(stream);
  }
  /** A datagram from the peer. */
  deliverDatagram(bytes) {
    if (this.#handlers) this.#handlers.onDatagram?.(bytes);
    else if (this.#waitingDatagrams.length < waitingDatagramsMax) this.#waitingDatagrams.push(bytes);
  }
  /** The connection should be replaced by another one soon; further calls do nothing. */
  renewalDue() {
    if (this.#renewal !== "not due") return;
    this.#renewal = "due";
    this.#tellRenewal();
  }
  /** The peer closed the connection, or it broke. */
  finish(info) {
    if (this.closed) return;
    this.closed = info.kind === "peer" ? { ...info, code: heardCode(info.code) } : info;
    this.#end(
      info.kind === "lost" ? info.error : new TransportError(
        "closed",
        `the peer closed the connection with code ${info.code}: ${info.reason}`
      )
    );
  }
  #end(error) {
    for (const stream of this.streams) stream.finish({ kind: "lost", error });
    this.streams.clear();
    this.#tellClosed();
  }
  /** Kept for the next owner while the present one doesn't care. */
  #tellRenewal() {
    if (this.#renewal !== "due" || this.closed || !this.#handlers?.onRenewalDue) return;
    this.#renewal = "told";
    this.#handlers.onRenewalDue();
  }
  #tellClosed() {
    if (this.#closedTold || !this.#handlers || !this.closed) return;
    this.#closedTold = true;
    this.#handlers.onClosed(this.closed);
  }
};

// packages/transport/src/core/stream-core.ts
var StreamCore = class {
  id;
  /** Bytes not yet handed to the protocol. */
  queue = new ChunkQueue2();
  /** `end` was called. */
  endWanted = false;
  /** The end was handed to the protocol. */
  writeEnded = false;
  /** The peer's end was delivered. */
  readEnded = false;
  /** Set once the stream is over. */
  closed;
  #owner;
  #priority;
  #handlers;
  #paused = false;
  #drainWanted = false;
  #drainDue = false;
  #closedTold = false;
  constructor(owner, id, priority) {
    this.#owner = owner;
    this.id = id;
    this.#priority = priority;
  }
  get priority() {
    return this.#priority;
  }
  set priority(priority) {
    if (priority === this.#priority) return;
    this.#priority = priority;
    if (!this.closed) this.#owner.streamPriorityChanged(this);
  }
  get bufferedBytes() {
    return this.queue.bytes;
  }
  /** True when bytes may be delivered now. */
  get isReading() {
    return this.#handlers !== void 0 && !this.#paused && !this.closed;
  }
  /** True when something waits to be handed to the protocol. */
  get hasOutput() {
    return !this.closed && (this.queue.bytes > 0 || this.endWanted && !this.writeEnded);
  }
  start(handlers) {
    this.#handlers = handlers;
    if (this.closed) {
      if (!this.#closedTold) queueMicrotask(() => this.#tellClosed());
      return;
    }
    if (this.#drainDue) queueMicrotask(() => this.#tellDrain());
    if (!this.#paused) this.#owner.streamWantsRead(this);
  }
  write(bytes) {
    if (this.closed || this.endWanted) return false;
    if (bytes.length > 0) {
      this.queue.push(bytes);
      this.#owner.streamWantsWrite(this);
    }
    if (this.queue.bytes < streamBufferBytesMax) return true;
    this.#drainWanted = true;
    return false;
  }
  end() {
    if (this.closed || this.endWanted) return;
    this.endWanted = true;
    this.#owner.streamWantsWrite(this);
  }
  reset(code) {
    checkCode(code);
    if (this.closed) return;
    this.closed = { kind: "reset", code, local: true };
    this.#owner.streamWasReset(this, code);
    this.queue.clear();
    queueMicrotask(() => this.#tellClosed());
  }
  pause() {
    this.#paused = true;
  }
  resume() {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.closed && this.#handlers) this.#owner.streamWantsRead(this);
  }
  /** The protocol took bytes from the front of the queue. */
  sent(count) {
    if (count > 0) this.queue.drop(count);
    if (this.#drainWanted && this.queue.bytes < streamBufferBytesMax / 2) {
      this.#drainWanted = false;
      this.#drainDue = true;
      this.#tellDrain();
    }
  }
  /** The protocol took the end. */
  endSent() {
    this.writeEnded = true;
    if (this.readEnded) this.finish({ kind: "done" });
  }
  /** Bytes from the peer; only while {@link isReading}. */
  deliverData(bytes) {
    this.#handlers.onData(bytes);
  }
  /** The peer's end, after all its bytes; only while {@link isReading}. */
  deliverEnd() {
    if (this.readEnded) return;
    this.readEnded = true;
    this.#handlers.onEnd();
    if (this.writeEnded) this.finish({ kind: "done" });
  }
  /** The stream is over. */
  finish(reason) {
    if (this.closed) return;
    this.closed = reason.kind === "reset" ? { ...reason, code: heardCode(reason.code) } : reason;
    this.queue.clear();
    this.#tellClosed();
  }
  #tellDrain() {
    if (!this.#drainDue || !this.#handlers || this.closed) return;
    this.#drainDue = false;
    this.#handlers.onDrain();
  }
  #tellClosed() {
    if (this.#closedTold || !this.#handlers || !this.closed) return;
    this.#closedTold = true;
    this.#handlers.onClosed(this.closed);
  }
};

// packages/transport/src/core/write-ring.ts
var WriteRing = class {
  #control = [];
  #bulk = [];
  #blocked = [];
  #members = /* @__PURE__ */ new Set();
  /** Bytes that the first bulk stream may still write in its turn. */
  #turnLeft = bulkQuantumBytes;
  #isExhausted = false;
  /** True when a round would try something. */
  get isReady() {
    return !this.#isExhausted && (this.#control.length > 0 || this.#bulk.length > 0);
  }
  /** True when a stream waits for {@link unblock}. */
  get hasBlocked() {
    return this.#isExhausted || this.#blocked.length > 0;
  }
  /** Adds a stream that has output; no effect when it is a member already. */
  add(stream) {
    if (this.#members.has(stream)) return;
    this.#members.add(stream);
    this.#enqueue(stream);
  }
  /** Puts a stream in the list of its new priority. */
  move(stream) {
    const from = stream.priority === "control" ? this.#bulk : this.#control;
    const at = from.indexOf(stream);
    if (at < 0) return;
    if (at === 0 && from === this.#bulk) this.#turnLeft = bulkQuantumBytes;
    from.splice(at, 1);
    this.#enqueue(stream);
  }
  /** Something has changed (packets came, time passed, credit): blocked streams may be tried again. */
  unblock() {
    this.#isExhausted = false;
    if (this.#blocked.length === 0) return;
    const blocked = this.#blocked;
    this.#blocked = [];
    for (const stream of blocked) this.#enqueue(stream);
  }
  /**
   * One round: every control stream until it is empty or blocked, then bulk streams in turn until a limit is reached. See {@link isReady} for whether
   * another round is due.
   * @param write hands over at most so many bytes and answers how it went; bytes are counted by `bytesWritten`
   * @param bytesWritten total of bytes handed over so far
   */
  round(write, bytesWritten, limits) {
    if (this.#isExhausted) return;
    for (let stream = this.#control.shift(); stream; stream = this.#control.shift()) {
      let outcome = "more";
      while (outcome === "more" && stream.priority === "control") outcome = write(stream, bulkQuantumBytes);
      this.#settle(stream, outcome);
      if (this.#isExhausted) return;
    }
    const bytesEnd = bytesWritten() + limits.bytesMax;
    let failures = 0;
    while (failures < limits.failuresMax && !this.#isExhausted) {
      const stream = this.#bulk[0];
      const before = bytesWritten();
      if (!stream || before >= bytesEnd) return;
      const outcome = write(stream, Math.min(this.#turnLeft, bytesEnd - before));
      const written = bytesWritten() - before;
      if (outcome === "blocked") failures++;
      if (stream !== this.#bulk[0]) continue;
      this.#turnLeft -= written;
      if (outcome === "exhausted" && this.#turnLeft > 0) this.#isExhausted = true;
      else if (outcome !== "more" || this.#turnLeft <= 0 || written === 0) this.#endTurn(stream, outcome);
    }
  }
  /** Forgets everything. */
  clear() {
    this.#control = [];
    this.#bulk = [];
    this.#blocked = [];
    this.#members.clear();
    this.#turnLeft = bulkQuantumBytes;
    this.#isExhausted = false;
  }
  #endTurn(stream, outcome) {
    this.#bulk.shift();
    this.#turnLeft = bulkQuantumBytes;
    this.#settle(stream, outcome);
  }
  #settle(stream, outcome) {
    if (outcome === "exhausted") this.#isExhausted = true;
    if (stream.hasOutput && (outcome === "more" || outcome === "blocked" || outcome === "exhausted")) {
      if (outcome === "blocked") this.#blocked.push(stream);
      else this.#enqueue(stream);
      return;
    }
    this.#members.delete(stream);
    if (stream.hasOutput && outcome === "empty") this.add(stream);
  }
  #enqueue(stream) {
    (stream.priority === "control" ? this.#control : this.#bulk).push(stream);
  }
};

// packages/transport/src/core/credit-connection.ts
var CreditStream = class extends StreamCore {
  /** Its name in messages. */
  wireId;
  /** Bytes that may still be sent. */
  credit;
  /** The peer knows the stream. */
  isOpenSent;
  /** Bytes that came while the owner wasn't reading. */
  inbox = new ChunkQueue2();
  /** The peer's end came. */
  endReceived = false;
  /** Bytes consumed for which no credit was given back yet. */
  consumed = 0;
  constructor(owner, options) {
    super(owner, options.id, options.priority);
    this.wireId = options.wireId;
    this.credit = options.credit;
    this.isOpenSent = options.isOpenSent;
  }
};
var CreditConnection = class extends ConnectionCore {
  #ring = new WriteRing();
  #byWireId = /* @__PURE__ */ new Map();
  #windowBytes;
  #wireIdNext;
  #acceptedWireId = noStream;
  #written = 0;
  constructor(facts, options) {
    super(facts);
    this.#windowBytes = options.windowBytes;
    this.#wireIdNext = options.wireIdFirst;
  }
  /**
   * Hands over what streams have and credit allows; answers true when more could be sent at once.
   * @param bytesMax of bulk
   */
  flush(bytesMax) {
    if (this.closed) return false;
    this.#ring.round(
      (stream, streamBytesMax) => this.#write(stream, streamBytesMax),
      () => this.#written,
      { bytesMax, failuresMax: Number.POSITIVE_INFINITY }
    );
    return this.#ring.isReady;
  }
  /** A message of the peer. Messages for streams that are over are late and mean nothing. */
  handleMessage(message2) {
    if (this.closed) return;
    if (message2.kind === "open") {
      this.#acceptedWireId = message2.stream;
      const stream2 = this.acceptStream();
      this.announce(stream2);
      return;
    }
    const stream = this.#byWireId.get(message2.stream);
    if (!stream) return;
    switch (message2.kind) {
      case "data":
        stream.inbox.push(message2.bytes);
        this.#deliver(stream);
        break;
      case "end":
        stream.endReceived = true;
        this.#deliver(stream);
        break;
      case "reset":
        this.#forget(stream);
        stream.finish({ kind: "reset", code: message2.code, local: false });
        break;
      case "credit":
        stream.credit += message2.bytes;
        this.#ring.unblock();
        this.scheduleFlush();
        break;
      case "priority":
        break;
    }
  }
  streamWantsWrite(stream) {
    this.#ring.add(stream);
    this.scheduleFlush();
  }
  streamWantsRead(stream) {
    if (stream.inbox.bytes > 0 || stream.endReceived) queueMicrotask(() => this.#deliver(stream));
  }
  streamWasReset(stream, code) {
    this.#forget(stream);
    if (stream.isOpenSent) this.sendMessage({ kind: "reset", stream: stream.wireId, code });
  }
  streamPriorityChanged(stream) {
    this.#ring.move(stream);
    if (stream.isOpenSent)
      this.sendMessage({ kind: "priority", stream: stream.wireId, priority: stream.priority });
  }
  makeStream(id, priority) {
    const isAccepted = this.#acceptedWireId !== noStream;
    const wireId = isAccepted ? this.#acceptedWireId : this.#wireIdNext;
    if (isAccepted) this.#acceptedWireId = noStream;
    else this.#wireIdNext += 2;
    const stream = new CreditStream(this, {
      id,
      wireId,
      priority,
      credit: this.#windowBytes,
      isOpenSent: isAccepted
    });
    this.#byWireId.set(wireId, stream);
    return stream;
  }
  #write(stream, bytesMax) {
    if (this.closed || !stream.hasOutput) return "empty";
    if (stream.queue.bytes > 0 && stream.credit === 0) return "blocked";
    const name = stream.wireId;
    if (!stream.isOpenSent) {
      stream.isOpenSent = true;
      this.sendMessage({ kind: "open", stream: name, priority: stream.priority });
    }
    const bytes = stream.queue.shift(Math.min(bytesMax, stream.credit));
    if (bytes) {
      stream.credit -= bytes.length;
      this.#written += bytes.length;
      this.sendMessage({ kind: "data", stream: name, bytes });
      stream.sent(0);
    }
    if (stream.closed || this.closed) return "empty";
    if (stream.queue.bytes > 0) return "more";
    if (!stream.endWanted) return "empty";
    this.sendMessage({ kind: "end", stream: name });
    stream.endSent();
    if (stream.closed) this.#forget(stream);
    return "empty";
  }
  #deliver(stream) {
    while (stream.isReading) {
      const bytes = stream.inbox.shift();
      if (!bytes) break;
      stream.consumed += bytes.length;
      stream.deliverData(bytes);
      if (stream.closed || this.closed) return;
      if (stream.consumed >= this.#windowBytes / 4) this.#giveCredit(stream);
    }
    if (!stream.isReading || stream.inbox.bytes > 0 || !stream.endReceived || stream.readEnded) return;
    stream.deliverEnd();
    if (stream.closed) this.#forget(stream);
  }
  #giveCredit(stream) {
    const bytes = stream.consumed;
    stream.consumed = 0;
    if (!stream.endReceived) this.sendMessage({ kind: "credit", stream: stream.wireId, bytes });
  }
  #forget(stream) {
    this.streams.delete(stream);
    this.#byWireId.delete(stream.wireId);
  }
};
var noStream = -1;

// packages/transport/src/private-directory.ts
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
function makePrivateDirectory(path) {
  const missing = [];
  let above = resolve(path);
  while (!existsSync(above) && dirname(above) !== above) {
    missing.push(above);
    above = dirname(above);
  }
  for (const directory of missing.reverse()) makeOne(directory);
}
function makeOne(directory) {
  try {
    mkdirSync(directory, { mode: 448 });
  } catch (thrown) {
    const isThere = thrown.code === "EEXIST" && statSync(directory).isDirectory();
    if (!isThere) throw thrown;
  }
}

// packages/transport/src/core/ticket-cache.ts
import { createHash as createHash4, X509Certificate as X509Certificate2 } from "node:crypto";
var TicketCache = class {
  #tickets = /* @__PURE__ */ new Map();
  /** Tickets kept. */
  get size() {
    let size = 0;
    for (const tickets of this.#tickets.values()) size += tickets.length;
    return size;
  }
  /** The newest ticket for these conditions; it is gone from the cache. */
  take(options, nowMs = Date.now()) {
    this.#dropExpired(nowMs);
    return this.#tickets.get(conditionsOf(options))?.pop();
  }
  /** Keeps a ticket that the listener gave to a connection made under these conditions; one that is too large is not kept. */
  put(options, ticket, nowMs = Date.now()) {
    this.#dropExpired(nowMs);
    const { session, leafDer } = ticket;
    if (session.length + leafDer.length > ticketBytesMax) return;
    const expiresAtMs = Math.min(nowMs + ticketMsMax, Date.parse(new X509Certificate2(leafDer).validTo));
    const conditions = conditionsOf(options);
    const tickets = this.#tickets.get(conditions) ?? [];
    tickets.push({ session, leafDer, expiresAtMs });
    if (tickets.length > ticketsEachMax) tickets.shift();
    this.#tickets.delete(conditions);
    this.#tickets.set(conditions, tickets);
    if (this.#tickets.size <= ticketConditionsMax) return;
    for (const oldest of this.#tickets.keys()) {
      this.#tickets.delete(oldest);
      return;
    }
  }
  /** Forgets everything. */
  clear() {
    this.#tickets.clear();
  }
  #dropExpired(nowMs) {
    for (const [conditions, tickets] of this.#tickets) {
      const fresh = tickets.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
      if (fresh.length === tickets.length && fresh.length > 0) continue;
      if (fresh.length === 0) this.#tickets.delete(conditions);
      else this.#tickets.set(conditions, fresh);
    }
  }
};
function conditionsOf({ url, tlsVerify, caPem }) {
  const ca = caPem && createHash4("sha256").update(caPem.join("\n")).digest("hex");
  const pins = url.certificatePins.map((pin) => Buffer.from(pin).toString("hex")).sort();
  return JSON.stringify([url.host, url.port, tlsVerify, ca ?? "roots", pins]);
}

// packages/transport/src/core/dial-addresses.ts
import { isIPv6 as isIPv62 } from "node:net";

// packages/transport/src/core/resolve-host.ts
import dns from "node:dns";
import { isIP, isIPv6 } from "node:net";
async function resolveHost(host, timeoutMs) {
  if (isIP(host)) return [host];
  let timer;
  const timeout = new Promise((_, reject) => {
    const error = new TransportError("connect_timeout", `the name ${host} was not resolved in time`);
    timer = setTimeout(() => reject(error), timeoutMs);
  });
  try {
    const found = await Promise.race([dns.promises.lookup(host, { all: true }), timeout]);
    return found.map(({ address }) => address);
  } catch (thrown) {
    throw TransportError.from(thrown, "name_not_resolved");
  } finally {
    clearTimeout(timer);
  }
}
function describeAddress({ host, port }) {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

// packages/transport/src/core/dial-addresses.ts
async function dialAddresses({ host, port }, options, dial) {
  const deadlineMs = performance.now() + (options.connectTimeoutMs ?? connectTimeoutMs);
  const addresses = byTurns(await resolveHost(host, deadlineMs - performance.now()));
  if (addresses.length === 0) throw new TransportError("name_not_resolved", `${host} has no address`);
  const contenders = addresses.map((address) => ({
    name: "",
    dial: (signal) => {
      const leftMs = Math.max(1, deadlineMs - performance.now());
      return dial({ host: address, port }, { ...options, signal, connectTimeoutMs: leftMs });
    }
  }));
  const isFinal = ({ code }) => code.startsWith("certificate_") || code === "closed";
  const outcome = await race(contenders, {
    headStartMs: addressHeadStartMs,
    signal: options.signal,
    isFinal
  });
  if (outcome.kind === "won") return outcome.connection;
  throw outcome.kind === "given_up" ? outcome.error : tellingError(outcome.failures);
}
function byTurns(addresses) {
  const [first2] = addresses;
  if (first2 === void 0) return [];
  const some = addresses.filter((address) => isIPv62(address) === isIPv62(first2));
  const others = addresses.filter((address) => isIPv62(address) !== isIPv62(first2));
  return some.flatMap((address, index) => [address, ...others.slice(index, index + 1)]).concat(others.slice(some.length));
}

// packages/transport/src/core/certificates.ts
import { createHash as createHash5 } from "node:crypto";
import { isIP as isIP2 } from "node:net";
import { checkServerIdentity } from "node:tls";
function checkLeaf(leaf, options) {
  const { host, certificatePins } = options.url;
  if (options.tlsVerify === "verify_peer") {
    if (!isFor(host, leaf)) throw wrongName(host, leaf);
    if (Date.parse(leaf.validTo) < Date.now()) throw expired(host);
  }
  const fingerprint = createHash5("sha256").update(leaf.raw).digest();
  if (certificatePins.length > 0 && !certificatePins.some((pin) => fingerprint.equals(pin))) {
    const text3 = `the certificate of ${host} has the fingerprint ${fingerprint.toString("hex")}, which is not pinned`;
    throw new TransportError("certificate_wrong_pin", text3);
  }
  return new Uint8Array(fingerprint);
}
function isFor(host, leaf) {
  if (isIP2(host)) return leaf.checkIP(host) !== void 0;
  return checkServerIdentity(host, leaf.toLegacyObject()) === void 0;
}
function wrongName(host, leaf) {
  const names = leaf.subjectAltName ?? "nothing";
  return new TransportError("certificate_wrong_name", `the certificate is not for ${host}, but for ${names}`);
}
function expired(host) {
  return new TransportError("certificate_expired", `the certificate of ${host} is expired or not yet valid`);
}
function untrusted(host, why) {
  const text3 = `the certificate of ${host} is not signed by a trusted one (${why})`;
  return new TransportError("certificate_untrusted", text3);
}

// packages/transport/src/quic/write-streams.ts
var bulkBytesPerTurnMax = packetsPerTurnMax * (udpPayloadBytesMax - 50);
var scratch = Buffer.allocUnsafeSlow(bulkQuantumBytes);
var nothing = Buffer.alloc(0);
var endMark = Buffer.of(0);
var resetMark = Buffer.of(1);

// packages/transport/src/quic/reset-notices.ts
var noticesWindowBytes = 64 * 1024;
var scratch2 = Buffer.allocUnsafeSlow(4096);
var nothing2 = Buffer.alloc(0);

// packages/transport/src/quic/native.ts
var activeConnectionIdsMax = 64;
var renewalDuePaths = activeConnectionIdsMax - 8;

// packages/transport/src/quic/read-streams.ts
var readBytesPerTurnMax = 1024 * 1024;
var readQuantumBytes = 256 * 1024;
var scratch3 = Buffer.allocUnsafeSlow(64 * 1024);

// packages/transport/src/quic/udp-socket.ts
var socketBufferBytes = 8 * 1024 * 1024;

// packages/transport/src/core/half-open.ts
var HalfOpen = class {
  /** Oldest first. */
  #entries = /* @__PURE__ */ new Set();
  #counts = /* @__PURE__ */ new Map();
  #rules;
  constructor(rules) {
    this.#rules = rules;
  }
  get size() {
    return this.#entries.size;
  }
  [Symbol.iterator]() {
    return this.#entries[Symbol.iterator]();
  }
  /**
   * Whether there is a place for an address, and who is to be ended for it first, if anybody: the oldest of an address with more than its
   * share, or else the oldest of all.
   */
  placeFor(host) {
    const { max, eachMax, replacesOwn } = this.#rules;
    if (this.#entries.size < max) return { isFree: true };
    if (this.#countOf(host) >= eachMax)
      return replacesOwn ? this.#victim((entry) => entry.host === host) : { isFree: false };
    return this.#victim((entry) => this.#countOf(entry.host) > eachMax);
  }
  add(entry) {
    this.#entries.add(entry);
    this.#counts.set(entry.host, this.#countOf(entry.host) + 1);
  }
  delete(entry) {
    if (!this.#entries.delete(entry)) return;
    const count = this.#countOf(entry.host) - 1;
    if (count === 0) this.#counts.delete(entry.host);
    else this.#counts.set(entry.host, count);
  }
  /** The oldest of a kind, or of all. */
  #victim(isOfKind) {
    let oldest;
    for (const entry of this.#entries) {
      if (isOfKind(entry)) return { isFree: true, victim: entry };
      oldest ??= entry;
    }
    return { isFree: true, victim: oldest };
  }
  #countOf(host) {
    return this.#counts.get(host) ?? 0;
  }
};

// packages/transport/src/core/plain-address.ts
function plainAddress(address) {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

// packages/transport/src/quinn/identity.ts
var pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");
var privateProtoPrefix = Buffer.from("08011240", "hex");
var peerIdPrefix = Buffer.from("002408011220", "hex");

// packages/transport/src/quinn/quinn-stream.ts
var readBytesMax = 256 * 1024;

// packages/transport/src/quinn/quinn-connection.ts
var writeBytesMax = 128 * 1024;
var drainBytesMax = 2 * streamWindowBytesMax;

// packages/transport/src/quinn/control-messages.ts
var hello = Buffer.from("macula/1");

// packages/transport/src/quinn/control-channel.ts
var queueBytesMax = 64 * 1024;

// packages/transport/src/quinn/native.ts
var uint32Max = 2 ** 32 - 1;
var socketBufferBytes2 = 8 * 1024 * 1024;

// packages/transport/src/tls/tls-transport.ts
import tls3 from "node:tls";

// packages/transport/src/tls/dial.ts
import net, { isIP as isIP4 } from "node:net";
import tls2 from "node:tls";

// packages/transport/src/tls/certificates.ts
import { X509Certificate as X509Certificate3 } from "node:crypto";
function leafOf(socket, keptWithTicket) {
  const der = socket.getPeerCertificate().raw ?? (socket.isSessionReused() ? keptWithTicket : void 0);
  if (der) return new X509Certificate3(der);
  throw new TransportError("certificate_untrusted", "the peer has shown no certificate");
}
function checkCertificate(socket, leaf, options) {
  if (options.tlsVerify === "verify_peer" && !socket.authorized)
    throw chainFailure(options.url.host, String(socket.authorizationError));
  return checkLeaf(leaf, options);
}
function chainFailure(host, code) {
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") return expired(host);
  return untrusted(host, code);
}

// packages/transport/src/tls/proxy.ts
import { BlockList, isIP as isIP3, isIPv6 as isIPv63 } from "node:net";
var answerBytesMax = 16 * 1024;
function proxyFor(url, environment) {
  const text3 = environment.https_proxy || environment.HTTPS_PROXY;
  if (!text3 || isLoopback(url.host)) return void 0;
  const exceptions = environment.no_proxy || environment.NO_PROXY || "";
  if (exceptions.split(/[\s,]+/).some((entry) => entry !== "" && matches(entry.toLowerCase(), url)))
    return void 0;
  return parseProxy(text3);
}
function connectThrough(socket, proxy, url) {
  const target2 = `${isIPv63(url.host) ? `[${url.host}]` : url.host}:${url.port}`;
  const authorization = proxy.authorization ? `Proxy-Authorization: ${proxy.authorization}\r
` : "";
  socket.write(`CONNECT ${target2} HTTP/1.1\r
Host: ${target2}\r
${authorization}\r
`);
  return new Promise((resolve2, reject) => {
    let head = Buffer.alloc(0);
    const settle = (error) => {
      socket.off("data", onData).off("error", settle).off("close", onClose);
      socket.pause();
      if (error) reject(error);
      else resolve2();
    };
    const refuse = (what) => {
      const at = `${isIPv63(proxy.host) ? `[${proxy.host}]` : proxy.host}:${proxy.port}`;
      settle(new TransportError("proxy_refused", `the proxy ${at} ${what}`));
    };
    const onData = (chunk) => {
      head = Buffer.concat([head, chunk]);
      const end2 = head.indexOf("\r\n\r\n");
      if (end2 < 0) {
        if (head.length > answerBytesMax) refuse("gives no HTTP answer");
        return;
      }
      const status = /^HTTP\/1\.[01] (\d{3})([\x20-\x7e]{0,100})/.exec(head.toString("latin1", 0, end2));
      if (!status) refuse("gives no HTTP answer");
      else if (!status[1].startsWith("2")) refuse(`does not connect to ${target2}: ${status[1]}${status[2]}`);
      else {
        settle();
        if (end2 + 4 < head.length) socket.unshift(head.subarray(end2 + 4));
      }
    };
    const onClose = () => refuse("closed the connection");
    socket.on("data", onData).on("error", settle).on("close", onClose);
  });
}
function parseProxy(text3) {
  let url;
  try {
    url = new URL(text3.includes("://") ? text3 : `http://${text3}`);
  } catch {
    throw new TransportError("bad_url", "the proxy's URL in HTTPS_PROXY is malformed");
  }
  if (url.protocol !== "http:" || url.hostname === "")
    throw new TransportError("bad_url", "the proxy's URL in HTTPS_PROXY must begin with http://");
  const { username, password } = url;
  const user = `${decode3(username)}:${decode3(password)}`;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 80 : Number(url.port),
    authorization: username || password ? `Basic ${Buffer.from(user).toString("base64")}` : void 0
  };
}
function decode3(text3) {
  try {
    return decodeURIComponent(text3);
  } catch {
    return text3;
  }
}
function isLoopback(host) {
  return host === "localhost" || host.endsWith(".localhost") || isInNetwork(host, "127.0.0.0/8") || host === "::1";
}
function matches(entry, { host, port }) {
  if (entry === "*") return true;
  if (entry.includes("/")) return isInNetwork(host, entry);
  const match = /^(?:\[(.+)\]|([^:]+|.*:.*:.*))(?::(\d+))?$/.exec(entry);
  if (!match) return false;
  if (match[3] !== void 0 && Number(match[3]) !== port) return false;
  const name = match[1] ?? match[2];
  if (isIP3(host)) return host === name;
  const suffix = name.replace(/^\*?\.?/, "");
  return host === suffix || host.endsWith(`.${suffix}`);
}
function isInNetwork(host, network) {
  const [address = "", bits = ""] = network.split("/");
  const family = isIP3(address);
  if (family === 0 || isIP3(host) !== family || !/^\d{1,3}$/.test(bits)) return false;
  const type = family === 6 ? "ipv6" : "ipv4";
  const list = new BlockList();
  try {
    list.addSubnet(address, Number(bits), type);
  } catch {
    return false;
  }
  return list.check(host, type);
}

// packages/transport/src/tls/frames.ts
var FrameType = {
  data: 1,
  open: 2,
  end: 3,
  reset: 4,
  credit: 5,
  streams: 6,
  ping: 7,
  pong: 8,
  close: 9
};
var headerBytes2 = 8;
var dataBytesMax = 65536;
var reasonBytesMax = 1024;

// packages/transport/src/tls/frame-reader.ts
var FrameReader2 = class {
  #chunk = nothing3;
  #at = 0;
  /** Header and payload of a frame without data, as far as they have come. */
  #frame = Buffer.alloc(headerBytes2 + payloadBytesMax);
  #frameBytes = 0;
  #dataLeft = 0;
  #dataStream = 0;
  /** Bytes from the peer, once the ones before are used up. */
  handleChunk(chunk) {
    this.#chunk = chunk;
    this.#at = 0;
  }
  /**
   * The next frame, or part of a data frame; undefined when more bytes are needed.
   * @throws TransportError with code `protocol_violation`; the reader must not be used any more
   */
  pollFrame() {
    if (this.#dataLeft === 0) {
      if (!this.#gather(headerBytes2)) return void 0;
      const type = this.#frame[0];
      const length = this.#frame.readUIntBE(1, 3);
      const stream = this.#frame.readUInt32BE(4);
      checkHeader(type, length, stream);
      if (type !== FrameType.data) {
        if (!this.#gather(headerBytes2 + length)) return void 0;
        this.#frameBytes = 0;
        return parse2(type, stream, this.#frame.subarray(headerBytes2, headerBytes2 + length));
      }
      this.#frameBytes = 0;
      this.#dataLeft = length;
      this.#dataStream = stream;
    }
    const count = Math.min(this.#dataLeft, this.#chunk.length - this.#at);
    if (count === 0) return void 0;
    const bytes = this.#chunk.subarray(this.#at, this.#at + count);
    this.#at += count;
    this.#dataLeft -= count;
    return { kind: "data", stream: this.#dataStream, bytes };
  }
  /** True when so many bytes of the frame are there. */
  #gather(count) {
    const missing = count - this.#frameBytes;
    if (missing <= 0) return true;
    const part = this.#chunk.subarray(this.#at, this.#at + missing);
    this.#frame.set(part, this.#frameBytes);
    this.#frameBytes += part.length;
    this.#at += part.length;
    return part.length === missing;
  }
};
function checkHeader(type, length, stream) {
  const shape = shapes[type];
  if (!shape) throw violation(`frames of type ${type} are unknown`);
  if (length < shape.bytesMin || length > shape.bytesMax)
    throw violation(`a frame of type ${type} has ${length} bytes`);
  if (!shape.hasStream && stream !== 0) throw violation(`a frame of type ${type} names a stream`);
}
function parse2(type, stream, payload) {
  switch (type) {
    case FrameType.open:
      return { kind: "open", stream };
    case FrameType.end:
      return { kind: "end", stream };
    case FrameType.reset:
      return { kind: "reset", stream, code: readCode(payload) };
    case FrameType.credit:
      return { kind: "credit", stream, bytes: payload.readUInt32BE(0) };
    case FrameType.streams:
      return { kind: "streams", count: payload.readUInt32BE(0) };
    case FrameType.ping:
      return { kind: "ping", token: payload.readUInt32BE(0) };
    case FrameType.pong:
      return { kind: "pong", token: payload.readUInt32BE(0) };
    default:
      return { kind: "close", code: readCode(payload), reason: payload.toString("utf8", 8) };
  }
}
function readCode(payload) {
  const code = payload.readUInt32BE(0) * 2 ** 32 + payload.readUInt32BE(4);
  if (!Number.isSafeInteger(code)) throw violation("a code is above 2^53");
  return code;
}
function violation(text3) {
  return new TransportError("protocol_violation", text3);
}
var payloadBytesMax = 8 + reasonBytesMax;
var nothing3 = new Uint8Array(0);
var shapes = {
  [FrameType.data]: { bytesMin: 1, bytesMax: dataBytesMax, hasStream: true },
  [FrameType.open]: { bytesMin: 0, bytesMax: 0, hasStream: true },
  [FrameType.end]: { bytesMin: 0, bytesMax: 0, hasStream: true },
  [FrameType.reset]: { bytesMin: 8, bytesMax: 8, hasStream: true },
  [FrameType.credit]: { bytesMin: 4, bytesMax: 4, hasStream: true },
  [FrameType.streams]: { bytesMin: 4, bytesMax: 4, hasStream: false },
  [FrameType.ping]: { bytesMin: 4, bytesMax: 4, hasStream: false },
  [FrameType.pong]: { bytesMin: 4, bytesMax: 4, hasStream: false },
  [FrameType.close]: { bytesMin: 8, bytesMax: payloadBytesMax, hasStream: false }
};

// packages/transport/src/tls/frame-writer.ts
var spareBuffersMax = 32;
var dataRoomMin = 64;
var FrameWriter = class _FrameWriter {
  /** Bytes of frames without data since the last {@link takeBuffers}. */
  answerBytes = 0;
  #full = [];
  #buffer;
  #filled = 0;
  /** Where the header of the last frame is, when that is a data frame that may grow; else -1. */
  #dataAt = -1;
  #dataStream = 0;
  /** True when nothing waits to be written. */
  get isEmpty() {
    return this.#filled === 0 && this.#full.length === 0;
  }
  /** Bytes of one stream's data that the last buffer still takes. */
  get dataRoom() {
    return Math.max(0, tlsWriteBufferBytes - (this.#buffer ? this.#filled : 0) - headerBytes2);
  }
  /** Adds a frame; data is copied. */
  write(frame) {
    if (frame.kind === "data") {
      this.#writeData(frame.stream, frame.bytes);
      return;
    }
    const type = FrameType[frame.kind];
    switch (frame.kind) {
      case "open":
      case "end":
        this.#begin(type, frame.stream, 0);
        break;
      case "reset":
        this.#writeCode(this.#begin(type, frame.stream, 8), frame.code);
        break;
      case "credit":
        this.#writeNumber(type, frame.stream, frame.bytes);
        break;
      case "streams":
        this.#writeNumber(type, 0, frame.count);
        break;
      case "ping":
      case "pong":
        this.#writeNumber(type, 0, frame.token);
        break;
      case "close": {
        const reason = Buffer.from(frame.reason).subarray(0, reasonBytesMax);
        const at = this.#begin(type, 0, 8 + reason.length);
        this.#writeCode(at, frame.code);
        this.#buffer.set(reason, at + 8);
      }
    }
  }
  /** The buffers to write, in order; {@link FrameWriter.release} takes them back. */
  takeBuffers() {
    const buffers = this.#full;
    if (this.#filled > 0) buffers.push(this.#buffer.subarray(0, this.#filled));
    this.#full = [];
    this.#buffer = void 0;
    this.#filled = 0;
    this.#dataAt = -1;
    this.answerBytes = 0;
    return buffers;
  }
  /** Forgets what was not taken. */
  clear() {
    for (const buffer of this.takeBuffers()) _FrameWriter.release(buffer);
  }
  /** Takes back a buffer that was written and that nobody reads any more. */
  static release(buffer) {
    if (spareBuffers.length < spareBuffersMax) spareBuffers.push(buffer.buffer);
  }
  #writeData(stream, bytes) {
    for (let at = 0; at < bytes.length; ) {
      if (this.#dataAt < 0 || this.#dataStream !== stream || this.#filled === tlsWriteBufferBytes) {
        this.#reserve(dataRoomMin);
        this.#dataAt = this.#filled;
        this.#dataStream = stream;
        writeHeader(this.#buffer, this.#filled, FrameType.data, stream, 0);
        this.#filled += headerBytes2;
      }
      const part = at === 0 && bytes.length <= tlsWriteBufferBytes - this.#filled ? bytes : bytes.subarray(at, at + tlsWriteBufferBytes - this.#filled);
      this.#buffer.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      this.#buffer.writeUIntBE(this.#filled - this.#dataAt - headerBytes2, this.#dataAt + 1, 3);
    }
  }
  /** Writes the header; answers where the payload goes. */
  #begin(type, stream, length) {
    this.#reserve(headerBytes2 + length);
    this.#dataAt = -1;
    writeHeader(this.#buffer, this.#filled, type, stream, length);
    this.answerBytes += headerBytes2 + length;
    this.#filled += headerBytes2 + length;
    return this.#filled - length;
  }
  #writeNumber(type, stream, value) {
    const at = this.#begin(type, stream, 4);
    this.#buffer.writeUInt32BE(value, at);
  }
  #writeCode(at, code) {
    this.#buffer.writeUInt32BE(Math.floor(code / 2 ** 32), at);
    this.#buffer.writeUInt32BE(code % 2 ** 32, at + 4);
  }
  #reserve(count) {
    if (this.#buffer && tlsWriteBufferBytes - this.#filled >= count) return;
    if (this.#buffer) this.#full.push(this.#buffer.subarray(0, this.#filled));
    this.#buffer = Buffer.from(spareBuffers.pop() ?? new ArrayBuffer(tlsWriteBufferBytes));
    this.#filled = 0;
    this.#dataAt = -1;
  }
};
function writeHeader(buffer, at, type, stream, length) {
  buffer[at] = type;
  buffer.writeUIntBE(length, at + 1, 3);
  buffer.writeUInt32BE(stream, at + 4);
}
var spareBuffers = [];

// packages/transport/src/tls/liveness.ts
var Liveness = class {
  /** Smoothed round-trip time in milliseconds, as in TCP: an eighth of each new sample. */
  rttMs;
  #times;
  #actions;
  #heardAtMs = performance.now();
  #pingedAtMs = performance.now();
  /** When the last ping was due, which was not sent when the one before was still under way. */
  #pingDueAtMs = performance.now();
  #token = 0;
  #isPongDue = false;
  #timer;
  #lastLook;
  constructor(times, actions) {
    this.#times = times;
    this.#actions = actions;
    this.#arm();
  }
  /** Something came from the peer. */
  heard() {
    this.#heardAtMs = performance.now();
  }
  /** Sends a ping now, unless one is under way. */
  ping() {
    this.#pingDueAtMs = performance.now();
    if (this.#isPongDue) return;
    this.#isPongDue = true;
    this.#pingedAtMs = performance.now();
    this.#token = (this.#token + 1) % 2 ** 32;
    this.#actions.ping(this.#token);
  }
  /** The peer has answered. */
  handlePong(token) {
    if (!this.#isPongDue || token !== this.#token) return;
    this.#isPongDue = false;
    const sampleMs = performance.now() - this.#pingedAtMs;
    this.rttMs = this.rttMs === void 0 ? sampleMs : this.rttMs + (sampleMs - this.rttMs) / 8;
  }
  /** The connection is over. */
  stop() {
    clearTimeout(this.#timer);
    clearImmediate(this.#lastLook);
  }
  #arm() {
    const dueMs = Math.min(this.#silentAtMs(), this.#pingAtMs()) - performance.now();
    this.#timer = setTimeout(() => this.#handleTimeout(), Math.max(1, Math.ceil(dueMs)));
  }
  #handleTimeout() {
    if (performance.now() >= this.#pingAtMs()) this.ping();
    if (performance.now() < this.#silentAtMs()) {
      this.#arm();
      return;
    }
    this.#lastLook = setImmediate(() => {
      if (performance.now() < this.#silentAtMs()) this.#arm();
      else this.#actions.silent();
    });
  }
  #silentAtMs() {
    return this.#heardAtMs + this.#times.idleTimeoutMs;
  }
  #pingAtMs() {
    const { keepAliveMs: keepAliveMs2 } = this.#times;
    return keepAliveMs2 === void 0 ? Number.POSITIVE_INFINITY : this.#pingDueAtMs + keepAliveMs2;
  }
};

// packages/transport/src/tls/stream-ledger.ts
var smallBytes = 2048;
var piecesMax = 64;
var overMax = 64;
var StreamLedger = class {
  #entries = /* @__PURE__ */ new Map();
  /** Streams of ours beyond what the peer has granted, with something to say. */
  #waiting = /* @__PURE__ */ new Set();
  #ownParity;
  #windowBytes;
  #streamsMax;
  /** Streams of ours that count, until the peer says that they are over. */
  #admitted = 0;
  /** Streams of the peer that count, until we say that they are over. */
  #peerStreams = 0;
  #ownIdNext;
  constructor(options) {
    this.#ownParity = options.wireIdFirst;
    this.#ownIdNext = options.wireIdFirst;
    this.#windowBytes = options.windowBytes;
    this.#streamsMax = options.streamsMax;
  }
  /** A new stream, of ours or of the peer. */
  add(stream) {
    const isOurs2 = this.#isOurs(stream.wireId);
    if (isOurs2) this.#ownIdNext = stream.wireId + 2;
    else this.#peerStreams++;
    this.#entries.set(stream.wireId, {
      stream,
      windowBytes: this.#windowBytes,
      isAdmitted: !isOurs2,
      parked: []
    });
  }
  /** True when a stream of ours may be made known to the peer now; otherwise {@link takeAdmitted} tells when. */
  admit(stream) {
    const entry = this.#entries.get(stream.wireId);
    if (!entry) return false;
    if (entry.isAdmitted) return true;
    this.#waiting.add(entry);
    if (this.#admitted >= this.#streamsMax) return false;
    this.#admitNow(entry);
    return true;
  }
  /** So many streams of ours are over for the peer too; false when there were not as many. */
  grant(count) {
    this.#admitted -= count;
    return this.#admitted >= 0;
  }
  /** The streams that may be made known now. */
  takeAdmitted() {
    const streams = [];
    for (const entry of this.#waiting) {
      if (this.#admitted >= this.#streamsMax) break;
      this.#admitNow(entry);
      streams.push(entry.stream);
    }
    return streams;
  }
  /** Our owner has reset a stream; one the peer has not heard of counts no more. */
  handleReset(stream) {
    const entry = this.#entries.get(stream.wireId);
    if (!entry) return;
    this.#waiting.delete(entry);
    if (!stream.isOpenSent && entry.isAdmitted) this.#admitted--;
    entry.parked = [];
  }
  /** Credit that goes to the peer. */
  credit(wireId, bytes) {
    const entry = this.#entries.get(wireId);
    if (entry) entry.windowBytes += bytes;
  }
  /** The stream's owner reads again. */
  unpark(stream) {
    const entry = this.#entries.get(stream.wireId);
    if (entry) unpark(entry);
  }
  /** A frame of the peer. */
  handle(frame) {
    const entry = this.#entries.get(frame.stream);
    if (frame.kind === "open") return this.#handleOpen(frame.stream, entry);
    if (!entry) {
      const isInvented = this.#isOurs(frame.stream) && frame.stream >= this.#ownIdNext;
      return isInvented ? { violation: "a frame for a stream that was never opened" } : "done";
    }
    const { stream } = entry;
    switch (frame.kind) {
      case "data":
        return this.#handleData(entry, frame.bytes);
      case "end":
        if (stream.endReceived) return { violation: "a second end of a stream" };
        unpark(entry);
        return "pass";
      case "credit":
        if (frame.bytes === 0 || stream.credit + frame.bytes > this.#windowBytes)
          return { violation: "credit for bytes that were not sent" };
        return "pass";
      case "reset":
        entry.parked = [];
        return "pass";
    }
  }
  /**
   * Forgets streams that are over, now and then.
   * @param openCount streams that are not over
   * @returns how many of the peer's streams it may open again
   */
  collectOver(openCount) {
    if (this.#entries.size - openCount < overMax) return 0;
    let over = 0;
    for (const [wireId, { stream }] of this.#entries) {
      if (!stream.closed) continue;
      this.#entries.delete(wireId);
      if (!this.#isOurs(wireId)) over++;
    }
    this.#peerStreams -= over;
    return over;
  }
  #handleOpen(wireId, entry) {
    if (this.#isOurs(wireId)) return { violation: "the peer opens a stream with an id of ours" };
    if (entry) return { violation: "a stream is opened twice" };
    if (this.#peerStreams >= this.#streamsMax)
      return { violation: "the peer opens more streams than it may" };
    return "pass";
  }
  #handleData(entry, bytes) {
    const { stream } = entry;
    entry.windowBytes -= bytes.length;
    if (entry.windowBytes < 0) return { violation: "more data than there was credit for" };
    if (stream.endReceived) return { violation: "data after the end of a stream" };
    if (stream.closed) return "done";
    if (stream.isReading || bytes.length >= smallBytes) {
      unpark(entry);
      return "pass";
    }
    entry.parked.push(bytes);
    if (entry.parked.length >= piecesMax) unpark(entry);
    return "done";
  }
  #admitNow(entry) {
    this.#waiting.delete(entry);
    entry.isAdmitted = true;
    this.#admitted++;
  }
  #isOurs(wireId) {
    return (wireId & 1) === this.#ownParity;
  }
};
function unpark(entry) {
  if (entry.parked.length === 0) return;
  const { parked } = entry;
  entry.parked = [];
  entry.stream.inbox.push(Buffer.concat(parked));
}

// packages/transport/src/tls/tls-connection.ts
var lingerMs = 1e3;
var TlsConnection = class extends CreditConnection {
  datagramBytesMax = 0;
  #socket;
  #owner;
  #reader = new FrameReader2();
  #writer = new FrameWriter();
  #ledger;
  #liveness;
  #isOpen;
  #isScheduled = false;
  /** Buffers given to the socket and not yet taken by the system. */
  #writing = 0;
  #bytesSent = 0;
  #bytesReceived = 0;
  #socketError;
  constructor(facts, socket, times, owner) {
    const wireIdFirst = facts.role === "dialer" ? 0 : 1;
    super(facts, { windowBytes: streamWindowBytesMax, wireIdFirst });
    this.#socket = socket;
    this.#owner = owner;
    this.#isOpen = facts.role === "dialer";
    this.#ledger = new StreamLedger({
      wireIdFirst,
      streamsMax: tlsStreamsMax,
      windowBytes: streamWindowBytesMax
    });
    this.#liveness = new Liveness(times, {
      ping: (token) => this.#send({ kind: "ping", token }),
      silent: () => this.#lose("idle_timeout", "nothing was heard for the idle timeout")
    });
    socket.on("data", (chunk) => this.#handleChunk(chunk));
    socket.on("error", (error) => {
      this.#socketError = error;
    });
    socket.on("close", () => this.#handleSocketClosed());
    if (this.#isOpen) this.#liveness.ping();
  }
  sendDatagram() {
    return false;
  }
  stats() {
    const { rttMs } = this.#liveness;
    return { rttMs, bytesSent: this.#bytesSent, bytesReceived: this.#bytesReceived, packetsLost: 0 };
  }
  /** Ends the connection without a word to the peer. */
  destroy(error) {
    this.#over({ kind: "lost", error });
  }
  streamWantsWrite(stream) {
    if (stream.isOpenSent || this.#ledger.admit(stream)) super.streamWantsWrite(stream);
  }
  streamWantsRead(stream) {
    this.#ledger.unpark(stream);
    super.streamWantsRead(stream);
    if (stream.endReceived) this.scheduleFlush();
  }
  streamWasReset(stream, code) {
    this.#ledger.handleReset(stream);
    super.streamWasReset(stream, code);
    for (const next of this.#ledger.takeAdmitted()) super.streamWantsWrite(next);
  }
  makeStream(id, priority) {
    const stream = super.makeStream(id, priority);
    this.#ledger.add(stream);
    return stream;
  }
  sendMessage(message2) {
    if (message2.kind === "priority") return;
    if (message2.kind === "credit") this.#ledger.credit(message2.stream, message2.bytes);
    this.#send(message2);
  }
  scheduleFlush() {
    if (this.#isScheduled || this.closed || this.#writing > 0) return;
    this.#isScheduled = true;
    process.nextTick(this.#pump);
  }
  closeProtocol(code, reason) {
    this.#liveness.stop();
    this.#writer.clear();
    this.#writer.write({ kind: "close", code, reason });
    this.#writeOut();
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), lingerMs);
    this.#socket.once("close", () => clearTimeout(timer));
    this.#owner.onClosed();
  }
  #handleChunk(chunk) {
    if (this.closed) return;
    this.#bytesReceived += chunk.length;
    this.#liveness.heard();
    this.#reader.handleChunk(chunk);
    while (!this.closed) {
      const frame = this.#pollFrame();
      if (!frame) break;
      this.#handleFrame(frame);
    }
    if (this.closed) return;
    const over = this.#ledger.collectOver(this.streams.size);
    if (over > 0) this.#send({ kind: "streams", count: over });
    if (this.#writer.answerBytes > tlsAnswerBytesMax)
      this.#violation("the peer doesn't read what it asks for");
  }
  #pollFrame() {
    try {
      return this.#reader.pollFrame();
    } catch (thrown) {
      this.#over({ kind: "lost", error: TransportError.from(thrown) });
      return void 0;
    }
  }
  #handleFrame(frame) {
    if (!this.#isOpen) {
      if (frame.kind !== "ping") {
        this.#violation("the first frame is no ping");
        return;
      }
      this.#isOpen = true;
      this.#owner.onOpen?.();
    }
    switch (frame.kind) {
      case "close":
        this.#over({ kind: "peer", code: frame.code, reason: frame.reason });
        break;
      case "ping":
        this.#send({ kind: "pong", token: frame.token });
        if (this.role === "listener") this.#liveness.ping();
        break;
      case "pong":
        this.#liveness.handlePong(frame.token);
        break;
      case "streams":
        if (!this.#ledger.grant(frame.count)) this.#violation("more streams are over than were opened");
        for (const stream of this.#ledger.takeAdmitted()) super.streamWantsWrite(stream);
        break;
      default:
        this.#handleStreamFrame(frame);
    }
  }
  #handleStreamFrame(frame) {
    const verdict = this.#ledger.handle(frame);
    if (verdict === "pass")
      this.handleMessage(frame.kind === "open" ? { ...frame, priority: "bulk" } : frame);
    else if (verdict !== "done") this.#violation(verdict.violation);
  }
  #send(frame) {
    this.#writer.write(frame);
    this.scheduleFlush();
  }
  #pump = () => {
    this.#isScheduled = false;
    if (this.closed || this.#writing > 0) return;
    this.flush(this.#writer.dataRoom);
    const over = this.#ledger.collectOver(this.streams.size);
    if (over > 0) this.#writer.write({ kind: "streams", count: over });
    if (!this.closed) this.#writeOut();
  };
  /** One write at a time: what comes meanwhile goes together in the next, where Node would make each a TLS record of its own. */
  #writeOut() {
    const buffers = this.#writer.takeBuffers();
    if (buffers.length > 1) this.#socket.cork();
    for (const buffer of buffers) {
      this.#writing++;
      this.#bytesSent += buffer.length;
      this.#socket.write(buffer, (error) => {
        if (error) return;
        FrameWriter.release(buffer);
        this.#writing--;
        if (!this.#isScheduled) this.#pump();
      });
    }
    if (buffers.length > 1) this.#socket.uncork();
  }
  #violation(text3) {
    this.#lose("protocol_violation", text3);
  }
  #lose(code, text3) {
    this.#over({ kind: "lost", error: new TransportError(code, text3) });
  }
  #handleSocketClosed() {
    const cause = this.#socketError;
    const text3 = cause ? `the connection broke: ${cause.message}` : "the peer ended the connection without a word";
    this.#over({ kind: "lost", error: new TransportError("reset", text3, { cause }) });
  }
  #over(info) {
    if (this.closed) return;
    this.#liveness.stop();
    this.#writer.clear();
    this.#socket.destroy();
    this.#owner.onClosed();
    this.finish(info);
  }
};

// packages/transport/src/tls/tls-listener.ts
import { createHash as createHash6 } from "node:crypto";
import tls from "node:tls";
var protocolName = "macula/1";
var waitingMax = 64;
var sweepMs = 500;
var TlsListener = class _TlsListener {
  address;
  #server;
  #times;
  #onClosed;
  /** TCP connections whose handshake is unfinished, by remote address, oldest first, with the time they came. */
  #handshakes = /* @__PURE__ */ new Map();
  /** The same. Who is slow makes room: real handshakes take less time than an attacker needs to fill all places of one address. */
  #places = new HalfOpen({
    max: tlsHandshakesMax,
    eachMax: handshakesEachMax,
    replacesOwn: true
  });
  #connections = /* @__PURE__ */ new Set();
  #sweep;
  #waiting = [];
  #handlers;
  #closing;
  constructor(server, times, onClosed) {
    this.#server = server;
    this.#times = times;
    this.#onClosed = onClosed;
    const { address, port } = server.address();
    this.address = { host: address, port };
    this.#sweep = setInterval(() => this.#dropStale(), sweepMs);
    server.on("connection", (socket) => this.#handleTcp(socket));
    server.on("secureConnection", (socket) => this.#handleTls(socket));
    server.on("tlsClientError", () => {
    });
    server.on("error", () => {
    });
  }
  /** Binds the socket. */
  static async open(options, times, onClosed) {
    checkCertificatePair(options.certificate);
    const { host, port } = options;
    let server;
    try {
      server = tls.createServer({
        ...contextOptions(options.certificate),
        ALPNProtocols: [protocolName],
        noDelay: true
      });
    } catch (thrown) {
      throw TransportError.from(thrown, "bad_certificate");
    }
    await new Promise((resolve2, reject) => {
      server.once("error", (thrown) => reject(TransportError.from(thrown, "bind_failed")));
      server.listen({ host, port }, resolve2);
    });
    return new _TlsListener(server, times, onClosed);
  }
  start(handlers) {
    this.#handlers = handlers;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const connection of waiting) handlers.onConnection(connection);
  }
  /** A new context has new ticket keys, so nobody resumes a session that was made with the certificate before. */
  setCertificate(certificate) {
    checkCertificatePair(certificate);
    try {
      this.#server.setSecureContext(contextOptions(certificate));
    } catch (thrown) {
      throw TransportError.from(thrown, "bad_certificate");
    }
  }
  close(code = 0) {
    this.#closing ??= this.#close(code);
    return this.#closing;
  }
  async #close(code) {
    clearInterval(this.#sweep);
    const closed = new Promise((resolve2) => this.#server.close(() => resolve2()));
    for (const connection of [...this.#connections]) connection.close(code, "listener closed");
    for (const { socket } of this.#handshakes.values()) socket.destroy();
    await closed;
    this.#onClosed();
  }
  #handleTcp(socket) {
    const key = keyOf2(socket);
    if (this.#closing || key === void 0) {
      socket.destroy();
      return;
    }
    socket.on("error", () => {
    });
    const host = plainAddress(socket.remoteAddress);
    const { victim } = this.#places.placeFor(host);
    if (victim) {
      this.#forget(victim);
      victim.socket.destroy();
    }
    const handshake = { key, host, socket, acceptedAtMs: performance.now() };
    this.#handshakes.set(key, handshake);
    this.#places.add(handshake);
    socket.once("close", () => this.#forget(handshake));
  }
  #handleTls(socket) {
    const leaf = socket.getX509Certificate();
    const key = keyOf2(socket);
    if (this.#closing || key === void 0 || leaf === void 0 || socket.alpnProtocol !== protocolName) {
      socket.on("error", () => {
      });
      socket.destroy();
      return;
    }
    let isOpen = false;
    const connection = new TlsConnection(
      {
        transport: "tls",
        role: "listener",
        remoteAddress: { host: plainAddress(socket.remoteAddress), port: socket.remotePort },
        certificateSha256: new Uint8Array(createHash6("sha256").update(leaf.raw).digest())
      },
      socket,
      this.#times,
      {
        onOpen: () => {
          isOpen = true;
          const handshake = this.#handshakes.get(key);
          if (handshake) this.#forget(handshake);
          this.#connections.add(connection);
          this.#announce(connection);
        },
        onClosed: () => {
          if (!isOpen) return;
          this.#connections.delete(connection);
          this.#waiting = this.#waiting.filter((waiting) => waiting !== connection);
        }
      }
    );
  }
  #forget(handshake) {
    this.#places.delete(handshake);
    if (this.#handshakes.get(handshake.key) === handshake) this.#handshakes.delete(handshake.key);
  }
  #announce(connection) {
    if (this.#handlers) this.#handlers.onConnection(connection);
    else if (this.#waiting.length < waitingMax) this.#waiting.push(connection);
    else connection.close(0, "too many connections wait");
  }
  #dropStale() {
    const staleMs = performance.now() - tlsHandshakeMsMax;
    for (const { socket, acceptedAtMs } of this.#handshakes.values()) {
      if (acceptedAtMs > staleMs) return;
      socket.destroy();
    }
  }
};
function contextOptions({ certPem, keyPem }) {
  return { cert: certPem, key: keyPem, minVersion: "TLSv1.3", maxVersion: "TLSv1.3" };
}
function keyOf2(socket) {
  return socket.remotePort === void 0 ? void 0 : `${socket.remoteAddress} ${socket.remotePort}`;
}

// packages/transport/src/tls/dial.ts
async function dialTls(context, options) {
  const proxy = proxyFor(options.url, context.environment);
  return dialAddresses(
    proxy ?? options.url,
    options,
    (remote, attempt) => new Attempt(context, attempt, remote, proxy).run(attempt.connectTimeoutMs)
  );
}
var Attempt = class {
  #context;
  #options;
  #remote;
  #proxy;
  #tcp;
  #connection;
  #session;
  #fail;
  constructor(context, options, remote, proxy) {
    this.#context = context;
    this.#options = options;
    this.#remote = remote;
    this.#proxy = proxy;
    this.#tcp = net.connect({ ...remote, noDelay: true });
  }
  async run(timeoutMs) {
    const failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    const where = describeAddress(this.#remote);
    const timer = setTimeout(
      () => this.#fail(new TransportError("connect_timeout", `no answer from ${where} in time`)),
      timeoutMs
    );
    const gone = new Promise((resolve2) => this.#tcp.once("close", () => resolve2()));
    const unregister = this.#context.register({
      close: () => {
        if (this.#connection) this.#connection.close(0, "transport closed");
        else this.#fail(new TransportError("closed", "the transport was closed"));
        return gone;
      }
    });
    void gone.then(unregister);
    const forget = onGivenUp(this.#options.signal, this.#fail);
    try {
      return await Promise.race([this.#connect(), failed]);
    } catch (thrown) {
      this.#tcp.destroy();
      throw thrown;
    } finally {
      clearTimeout(timer);
      forget();
    }
  }
  async #connect() {
    await this.#waitFor(this.#tcp, "connect", tcpErrorCode);
    if (this.#proxy) await connectThrough(this.#tcp, this.#proxy, this.#options.url);
    const { url } = this.#options;
    const ticket = this.#context.tickets.take(this.#options);
    const socket = tls2.connect({
      socket: this.#tcp,
      host: url.host,
      ...isIP4(url.host) ? {} : { servername: url.host },
      ALPNProtocols: [protocolName],
      secureContext: this.#context.contextFor(this.#options),
      ...ticket ? { session: Buffer.from(ticket.session) } : {},
      // Everything is checked below, resumed sessions too, which Node would not do.
      rejectUnauthorized: false,
      checkServerIdentity: () => void 0
    });
    socket.once("session", (session) => {
      this.#session = session;
    });
    try {
      await this.#waitFor(socket, "secureConnect", () => "handshake_failed");
      return this.#finish(socket, leafOf(socket, ticket?.leafDer));
    } catch (thrown) {
      socket.destroy();
      throw thrown;
    }
  }
  #finish(socket, leaf) {
    if (this.#tcp.destroyed) throw new TransportError("closed", "the attempt was given up");
    if (socket.alpnProtocol !== protocolName)
      throw new TransportError("handshake_failed", `${this.#options.url.host} doesn't speak ${protocolName}`);
    const certificateSha2562 = checkCertificate(socket, leaf, this.#options);
    const leafDer = leaf.raw;
    const keep = (session) => this.#context.tickets.put(this.#options, { session, leafDer });
    if (this.#session) keep(this.#session);
    socket.on("session", keep);
    this.#connection = new TlsConnection(
      { transport: "tls", role: "dialer", remoteAddress: this.#remote, certificateSha256: certificateSha2562 },
      socket,
      this.#context.times,
      { onClosed: () => {
      } }
    );
    return this.#connection;
  }
  /** Waits for the event that means success. */
  #waitFor(socket, event, codeOf) {
    return new Promise((resolve2, reject) => {
      const where = describeAddress(this.#remote);
      const onError = (error) => {
        reject(new TransportError(codeOf(error.code), `${where}: ${error.message}`, { cause: error }));
      };
      const onClose = () => {
        reject(new TransportError("handshake_failed", `${where} closed the connection in the handshake`));
      };
      socket.on("error", onError);
      socket.once("close", onClose);
      socket.once(event, () => {
        socket.off("close", onClose);
        resolve2();
      });
    });
  }
};
function tcpErrorCode(code) {
  if (code === "ECONNREFUSED") return "refused";
  return code === "ETIMEDOUT" ? "connect_timeout" : "unreachable";
}

// packages/transport/src/tls/tls-transport.ts
var contextsMax = 16;
function createTlsTransport(options = {}) {
  return new TlsTransport(options);
}
var TlsTransport = class {
  name = "tls";
  #idleTimeoutMs;
  #dialContext;
  #closables = /* @__PURE__ */ new Set();
  #contexts = /* @__PURE__ */ new Map();
  #tickets = new TicketCache();
  #isClosed = false;
  constructor(options) {
    this.#idleTimeoutMs = options.idleTimeoutMs ?? idleTimeoutMs;
    this.#dialContext = {
      times: { idleTimeoutMs: this.#idleTimeoutMs, keepAliveMs: options.keepAliveMs ?? keepAliveMs },
      environment: options.environment ?? process.env,
      tickets: this.#tickets,
      contextFor: (dialOptions) => this.#contextFor(dialOptions),
      register: (closable) => {
        this.#closables.add(closable);
        if (this.#isClosed) void closable.close();
        return () => this.#closables.delete(closable);
      }
    };
  }
  async dial(options) {
    this.#checkOpen();
    this.#contextFor(options);
    return dialTls(this.#dialContext, options);
  }
  async listen(options) {
    this.#checkOpen();
    const times = { idleTimeoutMs: this.#idleTimeoutMs, keepAliveMs: void 0 };
    const listener = await TlsListener.open(
      options,
      times,
      () => this.#closables.delete(listener)
    );
    this.#closables.add(listener);
    if (this.#isClosed) await listener.close();
    return listener;
  }
  async close() {
    this.#isClosed = true;
    await Promise.all([...this.#closables].map((closable) => closable.close()));
    this.#tickets.clear();
  }
  #checkOpen() {
    if (this.#isClosed) throw new TransportError("closed", "the transport is closed");
  }
  #contextFor({ tlsVerify, caPem }) {
    const key = tlsVerify === "verify_peer" ? `verify ${caPem?.join("\n") ?? "roots"}` : "none";
    let context = this.#contexts.get(key);
    if (context) return context;
    const trusted = tlsVerify === "verify_peer" ? caPem : [];
    const ca = trusted ? { ca: [...trusted] } : {};
    try {
      context = tls3.createSecureContext({ minVersion: "TLSv1.3", maxVersion: "TLSv1.3", ...ca });
    } catch (cause) {
      throw new TransportError("certificate_untrusted", "the trusted certificates can't be read", { cause });
    }
    if (this.#contexts.size >= contextsMax) this.#contexts.clear();
    this.#contexts.set(key, context);
    return context;
  }
};

// packages/transport/src/worker/frames.ts
var FrameType2 = {
  heartbeat: 1,
  dial: 2,
  dialed: 3,
  failed: 4,
  listen: 5,
  listening: 6,
  certificate: 7,
  accepted: 8,
  unlisten: 9,
  unlistened: 10,
  close: 11,
  closed: 12,
  stats: 13,
  open: 14,
  priority: 15,
  data: 16,
  end: 17,
  reset: 18,
  credit: 19,
  datagram: 20,
  renewal: 21
};
var headerBytes3 = 13;
var lengthBase = headerBytes3 - 4;
var payloadBytesMax2 = 1024 * 1024;
var nothing4 = Buffer.alloc(0);
var payloadBytes = {
  [FrameType2.heartbeat]: 0,
  [FrameType2.dial]: "any",
  [FrameType2.dialed]: "any",
  [FrameType2.failed]: "any",
  [FrameType2.listen]: "any",
  [FrameType2.listening]: "any",
  [FrameType2.certificate]: "any",
  [FrameType2.accepted]: "any",
  [FrameType2.unlisten]: 4,
  [FrameType2.unlistened]: 0,
  [FrameType2.close]: "any",
  [FrameType2.closed]: "any",
  [FrameType2.stats]: 32,
  [FrameType2.open]: 1,
  [FrameType2.priority]: 1,
  [FrameType2.data]: "any",
  [FrameType2.end]: 0,
  [FrameType2.reset]: 8,
  [FrameType2.credit]: 4,
  [FrameType2.datagram]: "any",
  [FrameType2.renewal]: 0
};

// packages/transport/src/worker/frame-channel.ts
var bulkBytesMax = 512 * 1024;

// packages/transport/src/worker/worker-session.ts
var flushBytes = 4 * bulkQuantumBytes;

// apps/relay/src/access/tighter-limits.ts
function tighterLimits(one, other) {
  const entries = tokenLimitNames.flatMap((name) => {
    const limit = Math.min(one[name] ?? Number.POSITIVE_INFINITY, other[name] ?? Number.POSITIVE_INFINITY);
    return limit === Number.POSITIVE_INFINITY ? [] : [[name, limit]];
  });
  return Object.fromEntries(entries);
}

// apps/relay/src/quota/quota-limits.ts
var identityLimitsDefault = {
  sessions: sessionsDefault,
  names: namesDefault,
  tunnels: tunnelsDefault,
  streams: streamsDefault,
  bytesPerSecond: bytesPerSecondDefault,
  opensPerSecond: opensPerSecondDefault,
  unknownNamesPerSecond: unknownNamesPerSecondDefault,
  hellosPerSecond: hellosPerSecondDefault
};
var addressLimitsDefault = {
  unfinishedHellos: unfinishedHellosDefault,
  failedHellosPerSecond: failedHellosPerSecondDefault
};
function identityLimitsOf(limits, realm, granted = {}) {
  return smallestLimits({ ...limits.identity, ...ownLimits(limits, realm)?.identity }, granted);
}
function realmLimitsOf(limits, realm) {
  return { ...limits.realm, ...ownLimits(limits, realm)?.realm };
}
function smallestLimits(limits, granted) {
  return { ...limits, ...tighterLimits(limits, granted) };
}
function ownLimits({ realms }, realm) {
  return Object.hasOwn(realms, realm) ? realms[realm] : void 0;
}

// apps/relay/src/quota/parse-quota-limits.ts
function parseQuotaLimits(input = {}) {
  const { identity, realm, address, realms } = parts("limits", input, [
    "identity",
    "realm",
    "address",
    "realms"
  ]);
  return {
    identity: { ...identityLimitsDefault, ...numbers("limits.identity", identity, scopeNames) },
    realm: numbers("limits.realm", realm, scopeNames),
    address: { ...addressLimitsDefault, ...numbers("limits.address", address, addressNames) },
    realms: Object.fromEntries(Object.entries(objectOf("limits.realms", realms)).map(parseRealm))
  };
}
var scopeNames = Object.keys(identityLimitsDefault);
var addressNames = [...scopeNames, ...Object.keys(addressLimitsDefault)];
var limitMax = 1e12;
function parseRealm([name, input]) {
  const path = `limits.realms["${name}"]`;
  if (name === "" || Buffer.byteLength(name) > realmBytesMax)
    throw bad3(path, `is not a realm: a realm has 1 to ${realmBytesMax} bytes`);
  const { identity, realm } = parts(path, input, ["identity", "realm"]);
  return [
    name,
    {
      identity: numbers(`${path}.identity`, identity, scopeNames),
      realm: numbers(`${path}.realm`, realm, scopeNames)
    }
  ];
}
function numbers(path, input, names) {
  const limits = {};
  for (const [name, value] of Object.entries(parts(path, input, names))) {
    if (value === void 0) continue;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > limitMax)
      throw bad3(`${path}.${name}`, `must be a whole number between 1 and ${limitMax}`);
    limits[name] = value;
  }
  return limits;
}
function parts(path, input, names) {
  const object = objectOf(path, input);
  for (const name of Object.keys(object))
    if (!names.includes(name)) throw bad3(`${path}.${name}`, "is not a limit");
  return object;
}
function objectOf(path, input) {
  if (input === void 0) return {};
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw bad3(path, "must be an object");
  return input;
}
function bad3(path, why) {
  return new RelayError(
    "bad_config",
    `${path} ${why}`,
    "See the table of limits in the README of the relay."
  );
}

// apps/relay/src/config.ts
function parseRelayConfig(input, environment = process.env) {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new RelayError("bad_config", "the configuration is not an object", "Pass an object of settings.");
  }
  const fields = new Settings(input);
  const isQuicWanted = fields.boolean("quic", true);
  const quic = isQuicWanted && !isQuicSwitchedOff(environment);
  const listenQuinn = optional(
    fields.text("listenQuinn"),
    (text3) => parseHostPort("listenQuinn", text3, "bad_listen_address")
  );
  if (listenQuinn !== void 0 && !isQuicWanted) {
    const remedy = "Leave out listenQuinn, which is QUIC, too.";
    throw new RelayError("bad_config", "listenQuinn is given although quic is false", remedy);
  }
  const config = {
    listen: parseHostPort("listen", fields.text("listen") ?? "0.0.0.0:4433", "bad_listen_address"),
    quic,
    // The switch in the environment is for everything, without a change of the settings.
    listenQuinn: quic ? listenQuinn : void 0,
    peers: fields.texts("peers").map(parsePeer),
    peerIdentities: fields.texts("peerIdentities").map(parsePeerIdentity),
    meshSecretFile: fields.text("meshSecretFile"),
    publicCertFiles: fields.texts("publicCertFiles"),
    open: fields.boolean("open", false),
    realms: fields.texts("realms").map(parseRealm2),
    accessFile: fields.text("accessFile"),
    admin: optional(fields.text("admin"), (text3) => parseHostPort("admin", text3, "bad_listen_address")),
    adminTokenFile: fields.text("adminTokenFile"),
    dataDir: fields.text("dataDir"),
    certFile: fields.text("certFile"),
    keyFile: fields.text("keyFile"),
    tlsVerify: fields.oneOf("tlsVerify", ["none", "verify_peer"], "none"),
    caFile: fields.text("caFile"),
    label: (fields.text("label") ?? hostname()).slice(0, textBytesMax / 4),
    logLevel: fields.oneOf("logLevel", ["debug", "info", "warn", "error", "silent"], "info"),
    openTimeoutMs: fields.count("openTimeoutMs", openTimeoutMsDefault, 100, 6e4),
    sessionsMax: fields.count("sessionsMax", sessionsMaxDefault, 1, 1e6),
    limits: parseQuotaLimits(fields.any("limits")),
    drainGraceMs: fields.count("drainGraceMs", drainGraceMsDefault, 0, 6e5)
  };
  fields.refuseUnknown();
  if (config.certFile === void 0 !== (config.keyFile === void 0)) {
    throw new RelayError(
      "bad_config",
      "only one of certFile and keyFile is given",
      "Give both, or none for a development certificate."
    );
  }
  return config;
}
function hostPortText({ host, port }) {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
function parseHostPort(setting, text3, code) {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text3.trim());
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    throw new RelayError(
      code,
      `${setting} "${text3}" is not HOST:PORT`,
      "Write it like 0.0.0.0:4433 or [::]:4433."
    );
  }
  return { host: match[1] ?? match[2], port };
}
function isQuicSwitchedOff(environment) {
  try {
    return transportSetting(environment) === "tls";
  } catch (cause) {
    const remedy = "Set it to tls to turn QUIC off, or unset it.";
    throw RelayError.from(cause, "bad_config", remedy);
  }
}
function parsePeer(url) {
  try {
    parseRelayUrl(url);
  } catch (cause) {
    throw RelayError.from(cause, "bad_peer_url", "Write it like https://relay.example.org:4433.");
  }
  return url;
}
function parsePeerIdentity(id) {
  if (/^[A-Za-z0-9_-]{43}$/.test(id)) return id;
  throw new RelayError(
    "bad_config",
    `"${id}" in peerIdentities is not a relay id`,
    "Copy the 43 characters that the other relay prints when it starts (also: macula id)."
  );
}
function parseRealm2(realm) {
  if (realm !== "" && Buffer.byteLength(realm) <= realmBytesMax) return realm;
  throw new RelayError("bad_config", `"${realm}" is not a realm`, `A realm has 1 to ${realmBytesMax} bytes.`);
}
function optional(text3, parse3) {
  return text3 === void 0 ? void 0 : parse3(text3);
}
var Settings = class {
  #values;
  #known = /* @__PURE__ */ new Set();
  constructor(values) {
    this.#values = values;
  }
  text(name) {
    const value = this.#take(name);
    if (value === void 0) return void 0;
    if (typeof value !== "string" || value.trim() === "") throw bad4(name, "must be text that is not empty");
    return value;
  }
  texts(name) {
    const value = this.#take(name) ?? [];
    if (!Array.isArray(value) || value.some((item) => typeof item !== "string")) {
      throw bad4(name, "must be a list of texts");
    }
    return value;
  }
  oneOf(name, values, fallback) {
    const value = this.#take(name) ?? fallback;
    if (!values.includes(value)) throw bad4(name, `must be one of ${values.join(", ")}`);
    return value;
  }
  boolean(name, fallback) {
    const value = this.#take(name) ?? fallback;
    if (typeof value !== "boolean") throw bad4(name, "must be true or false");
    return value;
  }
  count(name, fallback, min, max) {
    const value = this.#take(name) ?? fallback;
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      throw bad4(name, `must be a whole number between ${min} and ${max}`);
    }
    return value;
  }
  /** For who checks it himself. */
  any(name) {
    return this.#take(name);
  }
  refuseUnknown() {
    for (const [name, value] of Object.entries(this.#values)) {
      if (value !== void 0 && !this.#known.has(name)) throw bad4(name, "is not a setting of the relay");
    }
  }
  #take(name) {
    this.#known.add(name);
    return this.#values[name];
  }
};
function bad4(setting, why) {
  return new RelayError("bad_config", `${setting} ${why}`, "See the table of settings in the README.");
}

// apps/relay/src/identity-file.ts
import { randomBytes as randomBytes3, X509Certificate as X509Certificate4 } from "node:crypto";
import { link, open as open2, readFile, rename, rm } from "node:fs/promises";
import { dirname as dirname2, join } from "node:path";
var privateFileBytesMax = 64 * 1024;
async function loadOrMakeSeed(path) {
  const remedy = "Restore it from a backup, or delete it: a new identity is made then.";
  const known = await loadSeed(path, remedy);
  if (known !== void 0) return known;
  await makeKeyFile(path);
  const written = await loadSeed(path, remedy);
  if (written === void 0) throw new RelayError("bad_key_file", `${path} vanished`, "Try again.");
  return written;
}
async function loadSeed(path, remedy = "Restore it from a backup.") {
  const known = await readPrivateFile(path, "bad_key_file");
  return known === void 0 ? void 0 : parseSeed(path, known, remedy);
}
async function makeKeyFile(path) {
  const text3 = `${randomBytes3(identitySeedBytes).toString("base64url")}
`;
  return writePrivateFile(path, text3, "keep");
}
async function loadDevCertificate(dataDir, make) {
  const certPath = join(dataDir, "cert.pem");
  const keyPath = join(dataDir, "key.pem");
  const certPem = await readFile(certPath, "utf8").catch(() => void 0);
  const keyPem = (await readPrivateFile(keyPath, "bad_key_file"))?.toString("utf8");
  if (certPem !== void 0 && keyPem !== void 0 && isUsable({ certPem, keyPem }))
    return { certPem, keyPem };
  const certificate = await make();
  await writePrivateFile(keyPath, certificate.keyPem, "replace");
  await writePrivateFile(certPath, certificate.certPem, "replace");
  return certificate;
}
async function readPrivateFile(path, code) {
  let file;
  try {
    file = await open2(path, "r");
  } catch (cause) {
    if (cause.code === "ENOENT") return void 0;
    throw RelayError.from(cause, code, `Let this user read ${path}.`);
  }
  try {
    const stats = await file.stat();
    const { mode, size } = stats;
    if (stats.isDirectory())
      throw new RelayError(code, `${path} is a directory`, "Give the path of the file in it.");
    if (process.platform !== "win32" && (mode & 63) !== 0) {
      const text3 = `${path} may be read by other users (mode ${(mode & 511).toString(8)})`;
      throw new RelayError(code, text3, `Run: chmod 600 ${path}`);
    }
    if (size > privateFileBytesMax) throw new RelayError(code, `${path} is too large`, "Give another file.");
    return await file.readFile();
  } catch (cause) {
    throw RelayError.from(cause, code, `Let this user read ${path}.`);
  } finally {
    await file.close();
  }
}
async function writePrivateFile(path, text3, existing) {
  const temporary = `${path}.${randomBytes3(6).toString("hex")}`;
  try {
    makePrivateDirectory(dirname2(path));
    const file = await open2(temporary, "wx", 384);
    try {
      await file.writeFile(text3);
      await file.sync();
    } finally {
      await file.close();
    }
    if (existing === "replace") await rename(temporary, path);
    else return await linkIfFree(temporary, path);
    return true;
  } catch (cause) {
    throw RelayError.from(cause, "data_dir_unusable", "Give a directory that this user may write.");
  } finally {
    await rm(temporary, { force: true }).catch(() => {
    });
  }
}
async function linkIfFree(from, to) {
  try {
    await link(from, to);
    return true;
  } catch (cause) {
    if (cause.code === "EEXIST") return false;
    throw cause;
  }
}
function parseSeed(path, bytes, remedy) {
  const text3 = bytes.toString("latin1").trim();
  if (text3.startsWith("macula-mesh-")) {
    const why = `${path} holds a mesh secret and no key`;
    throw new RelayError("bad_key_file", why, "Give a key file; macula keygen FILE makes one.");
  }
  const seed = Buffer.from(text3, "base64url");
  if (seed.length !== identitySeedBytes || seed.toString("base64url") !== text3)
    throw new RelayError("bad_key_file", `${path} holds no key, or a damaged one`, remedy);
  return Uint8Array.from(seed);
}
function isUsable(certificate) {
  try {
    checkCertificatePair(certificate);
    return new Date(new X509Certificate4(certificate.certPem).validTo).getTime() > Date.now();
  } catch {
    return false;
  }
}

// apps/relay/src/mesh-secret.ts
var meshSecretPrefix = "macula-mesh-1 ";
async function loadMeshSecret(path) {
  const text3 = (await readPrivateFile(path, "bad_mesh_secret"))?.toString("latin1").trim();
  if (text3 === void 0) throw bad5(`there is no mesh secret ${path}`);
  if (!text3.startsWith(meshSecretPrefix)) throw bad5(`${path} holds no mesh secret`);
  const encoded = text3.slice(meshSecretPrefix.length);
  const secret = Buffer.from(encoded, "base64url");
  if (secret.length >= meshSecretBytesMin && secret.toString("base64url") === encoded) return encoded;
  throw bad5(`${path} holds a damaged mesh secret, or one of less than ${meshSecretBytesMin * 8} random bits`);
}
function bad5(why) {
  const remedy = "Make one with macula keygen --mesh FILE, and give the same file to every relay of the mesh.";
  return new RelayError("bad_mesh_secret", why, remedy);
}

// apps/relay/src/access/access-watcher.ts
import { stat } from "node:fs/promises";

// apps/relay/src/access/access-rules.ts
var AccessRules = class {
  #file;
  #openRealms;
  #relays;
  /** Every relay that connects is admitted: for development, and to be warned of. */
  admitsEveryRelay;
  /** The file lists relays: who isn't listed is struck off, whatever the settings of the start say. */
  hasRelayList;
  /** Somebody without a token gets in: not what one wants on a public address. */
  hasOpenRealm;
  /** Neither the file nor the settings list a realm, and the file has `realms`: no node may join. */
  servesNoRealm;
  #servesEveryRealm;
  /**
   * @param file - from `parseAccessFile`; undefined where the relay has none.
   * @param settings - the relay's.
   */
  constructor(file, settings) {
    this.#file = file;
    this.#openRealms = new Set(settings.realms);
    this.#relays = /* @__PURE__ */ new Set([...settings.peerIdentities, ...file?.relays ?? []]);
    this.admitsEveryRelay = file?.relays === void 0 && settings.peerIdentities.length === 0;
    this.hasRelayList = file?.relays !== void 0;
    this.#servesEveryRealm = file?.realms === void 0 && settings.realms.length === 0;
    const listed = [...settings.realms, ...file?.realms?.keys() ?? []];
    this.servesNoRealm = !this.#servesEveryRealm && listed.length === 0;
    this.hasOpenRealm = this.#servesEveryRealm || listed.some((realm) => this.realm(realm)?.access === "open");
  }
  /**
   * How one gets into a realm.
   *
   * @param name - as in a HELLO.
   * @returns undefined when this relay doesn't serve it.
   */
  realm(name) {
    if (name === "") return void 0;
    const listed = this.#file?.realms?.get(name);
    if (listed !== void 0) return listed;
    return this.#servesEveryRealm || this.#openRealms.has(name) ? openRealm : void 0;
  }
  /**
   * Whether a relay may peer.
   *
   * @param id - of its proven identity.
   */
  isRelayAdmitted(id) {
    return this.admitsEveryRelay || this.#relays.has(id);
  }
  /**
   * Whether a token was taken back.
   *
   * @param tokenId - its `jti`.
   */
  isRevoked(tokenId2) {
    return this.#file?.revoked.has(tokenId2) ?? false;
  }
};
var openRealm = { access: "open", limits: {} };

// apps/relay/src/access/access-watcher.ts
var AccessWatcher = class _AccessWatcher {
  #options;
  #timer;
  #rules;
  /** What the file looked like when it was last read, right or wrong. */
  #seen;
  #checking;
  #isClosed = false;
  constructor(options, rules, seen) {
    this.#options = options;
    this.#rules = rules;
    this.#seen = seen;
    if (options.path === void 0) return;
    this.#timer = setInterval(() => void this.check(), options.pollMs ?? accessPollMs);
    this.#timer.unref();
  }
  /**
   * Reads the file and begins to watch it.
   *
   * @throws RelayError `bad_access_file`, or what `check` throws: a relay doesn't start without right rules
   */
  static async open(options) {
    const { path, settings, check } = options;
    const read2 = path === void 0 ? void 0 : await readAccessFile(path);
    const rules = new AccessRules(read2 && parseAccessFile(read2.text, path), settings);
    check?.(rules);
    return new _AccessWatcher(options, rules, read2 === void 0 ? "" : fileFingerprint(read2.stats));
  }
  /** The last right ones. */
  get rules() {
    return this.#rules;
  }
  /** Looks at the file now; resolves when what it says is in force. Never rejects. */
  check() {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = void 0;
    });
    return this.#checking;
  }
  /** Stops watching; `onRules` doesn't come any more. */
  close() {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }
  async #check() {
    const { path, settings, logger, check, onRules } = this.#options;
    if (path === void 0) return;
    const looks = await looksOf(path);
    if (this.#isClosed || looks === this.#seen) return;
    this.#seen = looks;
    try {
      const { text: text3, stats } = await readAccessFile(path);
      this.#seen = fileFingerprint(stats);
      const rules = new AccessRules(parseAccessFile(text3, path), settings);
      check?.(rules);
      if (this.#isClosed) return;
      this.#rules = rules;
      logger.info({ path }, "the access file has changed, its rules are in force");
      onRules(rules);
    } catch (thrown) {
      const { message: message2, remedy } = RelayError.from(thrown, "bad_access_file", "Report this with the log.");
      logger.error(
        { path, why: message2, remedy },
        "THE ACCESS FILE IS WRONG: the rules of before stay in force, and nothing that was changed since counts"
      );
    }
  }
};
async function looksOf(path) {
  try {
    return fileFingerprint(await stat(path, { bigint: true }));
  } catch (thrown) {
    return `no file: ${thrown.code}`;
  }
}

// apps/relay/src/admin/admin-server.ts
import { createHash as createHash7, timingSafeEqual as timingSafeEqual2 } from "node:crypto";
import { createServer } from "node:http";
async function startAdmin(at, token, pages) {
  const isLocal = isLoopback2(at.host);
  if (!isLocal && token === void 0) {
    throw new RelayError(
      "bad_config",
      `the admin server on ${at.host} would be open to everybody`,
      "Give a token (adminTokenFile, --admin-token-file: a 0600 file), or listen on 127.0.0.1."
    );
  }
  const server = createServer({ maxHeaderSize: 8192, requestTimeout: 1e4 }, (request, response) => {
    if (isLocal && !isLoopback2(hostOf(request)))
      return answer(response, 403, "the Host header is not loopback\n");
    if (token !== void 0 && !hasToken(request, token)) {
      response.setHeader("WWW-Authenticate", "Bearer");
      return answer(response, 401, "a bearer token is needed\n");
    }
    if (request.method !== "GET" && request.method !== "HEAD") return answer(response, 405, "only GET\n");
    respond(request, response, pages);
  });
  server.maxConnections = 64;
  server.unref();
  await new Promise((resolve2, reject) => {
    server.once("error", (cause) => reject(listenError(at, cause)));
    server.listen({ host: at.host, port: at.port }, resolve2);
  });
  const { address, port } = server.address();
  return {
    address: { host: address, port },
    close: () => new Promise((resolve2) => {
      server.close(() => resolve2());
      server.closeAllConnections();
    })
  };
}
function respond(request, response, pages) {
  switch ((request.url ?? "").split("?", 1)[0]) {
    case "/health":
      answer(response, 200, "ok\n");
      return;
    case "/ready":
      pages.isReady() ? answer(response, 200, "ready\n") : answer(response, 503, "draining\n");
      return;
    case "/metrics":
      answer(response, 200, pages.metrics(), "text/plain; version=0.0.4; charset=utf-8");
      return;
    case "/status":
      answer(response, 200, `${JSON.stringify(pages.status())}
`, "application/json");
      return;
    default:
      answer(response, 404, "known are /health /ready /metrics /status\n");
      return;
  }
}
function answer(response, status, body, type = "text/plain; charset=utf-8") {
  response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" });
  response.end(body);
}
function hostOf(request) {
  const host = request.headers.host ?? "";
  return host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
}
function isLoopback2(host) {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
function hasToken(request, token) {
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
  return timingSafeEqual2(sha256(given), sha256(token));
}
function sha256(text3) {
  return createHash7("sha256").update(text3).digest();
}
function listenError({ host, port }, cause) {
  if (cause.code === "EADDRINUSE") {
    const text3 = `the admin port ${port} on ${host} is in use`;
    return new RelayError("port_in_use", text3, "Stop the other process, or choose another port.", { cause });
  }
  return RelayError.from(cause, "bad_listen_address", "Give an address of this machine for admin.");
}

// apps/relay/src/admin/metrics.ts
function metricsText(mesh, { uptimeMs, listen }) {
  const { counts } = mesh.router;
  const { spliceCounters, openCounters } = mesh.broker;
  const lines = [];
  const metric = (type, name, help, values) => {
    lines.push(`# HELP macula_relay_${name} ${help}`, `# TYPE macula_relay_${name} ${type}`);
    for (const [labels, value] of Object.entries(values))
      lines.push(`macula_relay_${name}${labels} ${value}`);
  };
  metric("gauge", "uptime_seconds", "Seconds since the start.", { "": uptimeMs / 1e3 });
  metric("gauge", "sessions", "Sessions of agents.", { "": counts.sessions });
  metric("gauge", "sessions_superseded", "Sessions kept beside a newer one of their agent.", {
    "": counts.superseded
  });
  metric("gauge", "sessions_standby", "Sessions that stand by for one at another relay.", {
    "": counts.standbys
  });
  metric("gauge", "peers", "Different relays connected.", { "": counts.peers });
  metric("gauge", "connections", "Connections by role and transport.", connectionsOf(mesh));
  metric("gauge", "listeners", "Listeners by transport.", countBy(listen.map(labelOf)));
  metric("gauge", "tunnels", "Tunnels spliced now.", { "": spliceCounters.active });
  metric("counter", "tunnels_total", "Tunnels spliced since the start.", { "": spliceCounters.total });
  metric("counter", "forwarded_bytes_total", "Tunnel bytes carried, both directions.", {
    "": spliceCounters.bytesForwarded
  });
  metric("counter", "paced_bytes_total", "Tunnel bytes behind which a limit made the relay wait.", {
    "": spliceCounters.bytesPaced
  });
  metric("gauge", "opens_pending", "OPENs in flight.", { "": counts.opens });
  metric("counter", "opens_total", "OPENs received.", { "": openCounters.opens });
  metric("counter", "opens_failed_total", "OPENs answered with a code.", byCode(openCounters.failed));
  metric("counter", "hellos_refused_total", "Connections turned away.", byCode(mesh.refusedHellos));
  metric("gauge", "names_remote", "Names owned at other relays.", { "": mesh.ownership.remoteNames });
  metric(
    "counter",
    "name_conflicts_total",
    "Sessions ended, or protected, because of what other relays said.",
    byCode(mesh.ownership.conflicts)
  );
  metric(
    "counter",
    "sessions_limited_total",
    "Sessions ended by a limit.",
    byCode(mesh.limiter.endedSessions)
  );
  metric("gauge", "hellos_unfinished", "Connections that have not finished their HELLO.", {
    "": mesh.limiter.helloPlaces.counts.unfinished
  });
  metric("gauge", "limit_accounts", "Identities, realms and addresses that limits remember.", {
    "": mesh.limiter.quotas.counts.accounts + mesh.limiter.helloPlaces.counts.addresses
  });
  metric("gauge", "memory_bytes", "Resident memory of the worker.", { "": process.memoryUsage.rss() });
  return `${lines.join("\n")}
`;
}
function byCode(counts) {
  return Object.fromEntries([...counts].map(([code, count]) => [`{code="${code}"}`, count]));
}
function connectionsOf(mesh) {
  const labels = [...mesh.sessions.values()].map(
    ({ facts, connection }) => `{role="${facts.role}",transport="${connection.transport}"}`
  );
  return countBy(labels);
}
function labelOf({ transport }) {
  return `{transport="${transport}"}`;
}
function countBy(labels) {
  const counts = {};
  for (const label2 of labels) counts[label2] = (counts[label2] ?? 0) + 1;
  return counts;
}

// apps/relay/src/logger.ts
var import_pino = __toESM(require_pino(), 1);
function relayLogger(level) {
  return (0, import_pino.pino)({ level, name: "macula-relay" }, (0, import_pino.destination)({ fd: 2, sync: true }));
}

// apps/relay/src/meant-open.ts
function opennessOf({ hasOpenRealm, admitsEveryRelay }, { hasMeshSecret }) {
  return { realm: hasOpenRealm, peering: admitsEveryRelay && !hasMeshSecret };
}
function isReachable({ host }) {
  return !(host === "localhost" || host === "::1" || /^(::ffff:)?127(\.\d{1,3}){3}$/i.test(host));
}
function reachableAddress({
  listen,
  listenQuinn
}) {
  return [listen, listenQuinn].find((at) => at !== void 0 && isReachable(at));
}
function requireMeantOpen(config, { realm, peering }) {
  const reachable = reachableAddress(config);
  if (reachable === void 0 || config.open) return;
  const at = `${hostPortText(reachable)} can be reached by others`;
  if (realm) {
    throw new RelayError(
      "open_realm",
      `${at}, and everybody could join without a token`,
      `Let the realms need tokens (--access-file)${peering ? ` and ${sayWhoPeers}` : ""}, or say that it is meant: macula relay --open.`
    );
  }
  if (peering) {
    throw new RelayError(
      "open_peering",
      `${at}, and every relay could peer and let its nodes into every realm without a token`,
      `S${sayWhoPeers.slice(1)}; or say that it is meant: macula relay --open.`
    );
  }
}
var sayWhoPeers = 'say which relays may peer (--mesh-secret-file, --peer-id, or "relays" in the access file, [] for none)';

// apps/relay/src/mesh.ts
import { randomBytes as randomBytes4 } from "node:crypto";

// apps/relay/src/access/realm-admission.ts
async function admitToRealm(hello2, token, rules, nowMs) {
  const rule = rules.realm(hello2.realm);
  if (rule === void 0) return refused("realm_refused", notServed(hello2.realm));
  if (rule.access === "open") return { kind: "admitted", grant: void 0, limits: rule.limits };
  if (token === void 0 || token === "") return refused("token_missing");
  try {
    const grant = await verifyToken(token, { issuers: rule.issuers, nowMs });
    if (rules.isRevoked(grant.tokenId)) return refused("token_revoked");
    requireGranted(grant, hello2);
    return { kind: "admitted", grant, limits: tighterLimits(rule.limits, grant.limits) };
  } catch (thrown) {
    const { code, message: message2 } = CryptoError.from(thrown);
    return isTokenErrorCode(code) ? refused(code, message2) : refused("token_malformed");
  }
}
function sessionEnd({ realm, grant }, rules, nowMs) {
  const rule = rules.realm(realm);
  if (rule === void 0) return end("realm_refused", notServed(realm));
  if (rule.access === "open") return void 0;
  if (grant === void 0) return end("token_missing");
  if (!rule.issuers.includes(grant.issuer)) return end("token_unknown_issuer");
  if (rules.isRevoked(grant.tokenId)) return end("token_revoked");
  return nowMs >= grant.notAfterMs ? end("token_expired") : void 0;
}
function sessionEnds(sessions, rules, nowMs) {
  return [...sessions].flatMap((session) => {
    const found = sessionEnd(session, rules, nowMs);
    return found === void 0 ? [] : [{ session, ...found }];
  });
}
function nextSessionEnd(sessions) {
  let atMs = Number.POSITIVE_INFINITY;
  for (const { grant } of sessions) if (grant !== void 0) atMs = Math.min(atMs, grant.notAfterMs);
  return atMs === Number.POSITIVE_INFINITY ? void 0 : { atMs, why: "token_expired" };
}
function refusedName(grant, names) {
  return grant === void 0 ? void 0 : names.find((name) => !grantsName(grant, name));
}
function ownNames(grant) {
  if (grant?.subject === void 0) return /* @__PURE__ */ new Set();
  return new Set(grant.patterns.filter((pattern) => !pattern.includes("*")));
}
function end(code, cause) {
  return { code, text: codeSentence(code, cause) };
}
function refused(code, cause) {
  return { kind: "refused", ...end(code, cause) };
}
function notServed(realm) {
  return `the relay does not serve the realm ${JSON.stringify(realm)}`;
}

// apps/relay/src/access/realm-keeper.ts
var RealmKeeper = class {
  #options;
  #sessions = /* @__PURE__ */ new Map();
  /** The session of each process that was admitted last. */
  #newest = /* @__PURE__ */ new Map();
  #rules;
  #timer;
  /** When the timer looks again, at the latest. */
  #dueMs = Number.POSITIVE_INFINITY;
  constructor(options) {
    this.#options = options;
    this.#rules = options.rules;
  }
  /** In force now. */
  get rules() {
    return this.#rules;
  }
  /** A session stands under what it was admitted with. */
  add(session, admitted) {
    this.#sessions.set(session, admitted);
    this.#newest.set(admitted.process, session);
    if ((admitted.grant?.notAfterMs ?? Number.POSITIVE_INFINITY) < this.#dueMs) this.#arm();
  }
  /** What a session was admitted with, or inherited. */
  admitted(session) {
    return this.#sessions.get(session);
  }
  /** An older session of a process goes on under what the newest one was admitted with. */
  inherit(older) {
    const kept = this.#sessions.get(older);
    const newest = kept === void 0 ? void 0 : this.#newest.get(kept.process);
    const admitted = newest === void 0 ? void 0 : this.#sessions.get(newest);
    if (admitted !== void 0) this.#sessions.set(older, admitted);
  }
  remove(session) {
    const kept = this.#sessions.get(session);
    this.#sessions.delete(session);
    if (kept !== void 0 && this.#newest.get(kept.process) === session) this.#newest.delete(kept.process);
  }
  /** Other rules are in force from now on. */
  handleRules(rules) {
    this.#rules = rules;
    this.#endSome();
  }
  /** Watches no more. */
  close() {
    clearTimeout(this.#timer);
    this.#sessions.clear();
    this.#newest.clear();
  }
  #endSome() {
    const kept = [...this.#sessions].map(([session, { realm, grant }]) => ({ session, realm, grant }));
    for (const { session, code, text: text3 } of sessionEnds(kept, this.#rules, this.#options.nowMs())) {
      this.remove(session.session);
      this.#options.onEnd(session.session, { code, text: text3 });
    }
    this.#arm();
  }
  #arm() {
    clearTimeout(this.#timer);
    const next = nextSessionEnd(this.#sessions.values());
    this.#dueMs = next?.atMs ?? Number.POSITIVE_INFINITY;
    if (next === void 0) return;
    const waitMs = Math.min(Math.max(next.atMs - this.#options.nowMs(), minWaitMs), maxWaitMs);
    this.#timer = setTimeout(() => this.#endSome(), waitMs);
    this.#timer.unref();
  }
};
var minWaitMs = 1e3;
var maxWaitMs = 6e4;

// apps/relay/src/ownership/notes.ts
function lineOf(note, describe) {
  switch (note.what) {
    case "identity_conflict":
      return [describe(note.link), codeSentence("identity_conflict")];
    case "forged_claim":
      return [
        { origin: identityId(note.origin) },
        "this relay says of an agent that it claims names, and the agent has not signed it"
      ];
    case "epoch_raised":
      return [
        {},
        "other relays know a later life of this one: its clock was set back, or its key is used twice"
      ];
  }
}

// apps/relay/src/core/output-queue.ts
var OutputQueue = class {
  #items = [];
  #head = 0;
  /** Adds one at the end. */
  push(item) {
    this.#items.push(item);
  }
  /** Takes the first, undefined when there is none. */
  shift() {
    const item = this.#items[this.#head];
    if (this.#head === this.#items.length) return void 0;
    this.#items[this.#head++] = void 0;
    if (this.#head === this.#items.length || this.#head >= compactAt) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
};
var compactAt = 4096;

// apps/relay/src/routing/sets.ts
function addTo(sets, key, value) {
  let set = sets.get(key);
  if (set === void 0) sets.set(key, set = /* @__PURE__ */ new Set());
  set.add(value);
}
function removeFrom(sets, key, value) {
  const set = sets.get(key);
  if (set?.delete(value) && set.size === 0) sets.delete(key);
}

// apps/relay/src/routing/reservations.ts
var Reservations = class {
  #realms = /* @__PURE__ */ new Map();
  /** Names by identity and realm, oldest first. */
  #names = /* @__PURE__ */ new Map();
  #count = 0;
  /** The present reservation of a name. */
  find(realm, name, nowMs) {
    const found = this.at(realm, name);
    return found !== void 0 && nowMs < found.untilMs ? found : void 0;
  }
  /** The reservation of a name, which may be over. */
  at(realm, name) {
    return this.#realms.get(realm)?.get(name);
  }
  /** Keeps a name; one more than {@link reservedNamesMax} isn't kept. An identity that has too many loses its oldest. */
  add(realm, name, reservation) {
    this.delete(realm, name);
    const key = reservation.identityKey + realm;
    const ofIdentity = this.#names.get(key);
    if (ofIdentity !== void 0 && ofIdentity.size >= reservedNamesPerIdentityMax)
      this.delete(realm, ofIdentity.values().next().value);
    if (this.#count >= reservedNamesMax) return;
    let names = this.#realms.get(realm);
    if (names === void 0) this.#realms.set(realm, names = /* @__PURE__ */ new Map());
    names.set(name, reservation);
    addTo(this.#names, key, name);
    this.#count++;
  }
  delete(realm, name) {
    const names = this.#realms.get(realm);
    const found = names?.get(name);
    if (names === void 0 || found === void 0) return;
    names.delete(name);
    removeFrom(this.#names, found.identityKey + realm, name);
    this.#count--;
    if (names.size === 0) this.#realms.delete(realm);
  }
  /** Forgets what is over. */
  handleTimeout(nowMs) {
    for (const [realm, names] of [...this.#realms])
      for (const [name, { untilMs }] of [...names]) if (untilMs <= nowMs) this.delete(realm, name);
  }
  get size() {
    return this.#count;
  }
};

// apps/relay/src/routing/types.ts
function bytesKey(bytes) {
  let key = "";
  for (const byte of bytes) key += String.fromCharCode(byte);
  return key;
}

// apps/relay/src/routing/names-table.ts
var NamesTable = class {
  #owners = /* @__PURE__ */ new Map();
  #realms = /* @__PURE__ */ new Map();
  /** By process, oldest first. */
  #superseded = /* @__PURE__ */ new Map();
  #reserved = new Reservations();
  #changed = /* @__PURE__ */ new Set();
  #foreign;
  #wallOffsetMs;
  #supersededCount = 0;
  constructor({ foreign, wallOffsetMs = 0 } = {}) {
    this.#foreign = foreign;
    this.#wallOffsetMs = wallOffsetMs;
  }
  /** Admits a session with all its names, or with none when one of them isn't free. */
  admit(session, nowMs) {
    const owner = ownerOf(session, nowMs);
    const { free, taken, stale } = this.#sort(owner, session.names, nowMs);
    if (taken.length > 0 || stale.length > 0)
      return { taken, stale, evicted: [], lapsed: [], superseded: [] };
    this.#owners.set(owner.link, owner);
    return { taken, stale, ...this.#give(owner, free, nowMs) };
  }
  /** Gives a session the names among these that are free for it; undefined when that would be too many. */
  claim(owner, names, nowMs) {
    this.#changed.add(owner);
    const { free, taken, stale } = this.#sort(owner, names, nowMs);
    if (owner.names.size + free.length > namesPerSessionMax) return void 0;
    return { taken, stale, ...this.#give(owner, free, nowMs) };
  }
  /** A session that stood by is the primary one of its process from now on: what it has here it owns in the mesh. */
  promote(owner, sessionSeq) {
    owner.sessionSeq = sessionSeq;
    owner.isStandby = false;
    this.#changed.add(owner);
  }
  /** Takes names from a session; names that aren't its own are left alone. */
  release(owner, names) {
    for (const name of names) {
      if (!owner.names.delete(name)) continue;
      this.#unlist(owner.realm, name);
      this.#changed.add(owner);
    }
  }
  /** Forgets a session and frees its names. */
  remove(link2) {
    const owner = this.#owners.get(link2);
    if (owner === void 0) return void 0;
    this.#owners.delete(link2);
    owner.keptMs ??= 0;
    if (owner.names.size > 0) this.#changed.add(owner);
    for (const name of owner.names.keys()) this.#unlist(owner.realm, name);
    if (owner.isSuperseded) this.#forgetSuperseded(owner);
    return owner;
  }
  /** Forgets a session that ended without GOODBYE: what it owned stays reserved for the rest of the time since its last sign of life. */
  removeLost(link2, nowMs) {
    const owner = this.#owners.get(link2);
    if (owner === void 0) return;
    const untilMs = owner.aliveMs + nameFreeAfterMs;
    owner.keptMs = Math.max(0, untilMs - nowMs);
    this.remove(link2);
    if (owner.keptMs === 0 || owner.isStandby) return;
    const { identityKey, realm } = owner;
    for (const [name, sinceMs] of owner.names)
      this.#reserved.add(realm, name, { identityKey, untilMs, sinceMs });
  }
  /** The name's reservation is over if it is that identity's. */
  endReservation(realm, name, identityKey) {
    if (this.#reserved.at(realm, name)?.identityKey === identityKey) this.#reserved.delete(realm, name);
  }
  /** For which identity a name is kept. */
  reservedFor(realm, name) {
    return this.#reserved.at(realm, name)?.identityKey;
  }
  /** A session elsewhere has an owner's names: of the same process, it is superseded, else it is gone. */
  yieldTo(newcomer, owner) {
    const isSameProcess = newcomer.identityKey === owner.identityKey && newcomer.bootKey === owner.bootKey;
    if (!isSameProcess) return { evicted: this.#evict(owner), superseded: [] };
    this.#supersede(owner);
    return {
      evicted: this.#endExcess(owner),
      superseded: [owner.link].filter((link2) => this.#owners.has(link2))
    };
  }
  /** A sign of life. */
  noteAlive(owner, nowMs) {
    owner.aliveMs = nowMs;
    if (!owner.isLapsed) return;
    owner.isLapsed = false;
    this.#changed.add(owner);
  }
  /** Ends reservations, and lets those lapse who were silent for too long. */
  handleTimeout(nowMs) {
    this.#reserved.handleTimeout(nowMs);
    for (const owner of this.#owners.values()) {
      if (owner.isLapsed || nowMs - owner.aliveMs < nameFreeAfterMs) continue;
      owner.isLapsed = true;
      if (owner.names.size > 0) this.#changed.add(owner);
    }
  }
  /** This process stood still for so long: nobody else's silence is that long. */
  handleStandstill(ms, nowMs) {
    for (const owner of this.#owners.values()) owner.aliveMs = Math.min(nowMs, owner.aliveMs + ms);
  }
  /** The sessions whose names have changed since the last call, some of them gone. */
  takeChanged() {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }
  /** Forgets the superseded sessions of a session's process. */
  removeSuperseded(owner) {
    const links = (this.#superseded.get(processKey(owner)) ?? []).map(({ link: link2 }) => link2);
    for (const link2 of links) this.remove(link2);
    return links;
  }
  /** All sessions. */
  sessions() {
    return this.#owners.values();
  }
  /** The session of a link. */
  session(link2) {
    return this.#owners.get(link2);
  }
  /** Who owns a name. */
  find(realm, name) {
    return this.#realms.get(realm)?.get(name);
  }
  /** Number of sessions, without the superseded ones. */
  get size() {
    return this.#owners.size - this.#supersededCount;
  }
  /** Number of superseded sessions. */
  get supersededCount() {
    return this.#supersededCount;
  }
  /** Number of sessions that stand by. */
  get standbyCount() {
    let count = 0;
    for (const { isStandby, isSuperseded } of this.#owners.values()) if (isStandby && !isSuperseded) count++;
    return count;
  }
  #sort(owner, names, nowMs) {
    const sorted = { free: [], taken: [], stale: [] };
    for (const name of new Set(names)) {
      if (this.find(owner.realm, name) === owner) continue;
      const verdict = this.#verdict(owner, name, nowMs);
      sorted[verdict === "free" ? this.#foreign?.verdict(owner, name, nowMs) ?? "free" : verdict].push(
        name
      );
    }
    return sorted;
  }
  #verdict(owner, name, nowMs) {
    const reserved = this.#reserved.find(owner.realm, name, nowMs);
    const isKept = reserved !== void 0 && reserved.identityKey !== owner.identityKey;
    if (isKept && !isEntitled(owner, name, reserved.sinceMs)) return "taken";
    const other = this.find(owner.realm, name);
    if (other === void 0 || nowMs - other.aliveMs >= nameFreeAfterMs) return "free";
    if (other.identityKey !== owner.identityKey)
      return isEntitled(owner, name, other.names.get(name)) ? "free" : "taken";
    const isInTheWay = owner.isStandby && !other.isStandby;
    return isNewer(owner, other) && !isInTheWay ? "free" : "stale";
  }
  #give(owner, names, nowMs) {
    const evicted = [];
    const lapsed = [];
    const superseded = [];
    for (const name of names) {
      const sinceMs = this.#ownedSince(owner, name, nowMs);
      const other = this.find(owner.realm, name);
      if (other !== void 0 && processKey(other) === processKey(owner)) {
        this.#supersede(other);
        superseded.push(other.link);
      } else if (other !== void 0)
        (other.identityKey === owner.identityKey ? evicted : lapsed).push(...this.#evict(other));
      owner.names.set(name, sinceMs);
      this.#reserved.delete(owner.realm, name);
      this.#list(owner, name);
      this.#changed.add(owner);
    }
    evicted.push(...this.#endExcess(owner));
    return { evicted, lapsed, superseded: superseded.filter((link2) => this.#owners.has(link2)) };
  }
  /** The identity keeps the time at which it got the name, whatever session and relay it had it at; what it is entitled to it has had since ever. */
  #ownedSince(owner, name, nowMs) {
    const { realm, identityKey } = owner;
    if (owner.entitled.has(name)) return sinceEverMs;
    const other = this.find(realm, name);
    const reserved = this.#reserved.find(realm, name, nowMs);
    const known = [
      other?.identityKey === identityKey ? other.names.get(name) : void 0,
      reserved?.identityKey === identityKey ? reserved.sinceMs : void 0,
      this.#foreign?.ownedSince(owner, name)
    ].filter((sinceMs) => sinceMs !== void 0);
    return Math.min(Math.max(sinceEverMs + 1, Math.round(nowMs + this.#wallOffsetMs)), ...known);
  }
  #evict(owner) {
    this.remove(owner.link);
    return [owner.link, ...this.removeSuperseded(owner)];
  }
  /** Ends the oldest superseded sessions of a process when it has too many. */
  #endExcess(owner) {
    const all = this.#superseded.get(processKey(owner)) ?? [];
    const excess = all.slice(0, Math.max(0, all.length - supersededPerProcessMax)).map(({ link: link2 }) => link2);
    for (const link2 of excess) this.remove(link2);
    return excess;
  }
  #supersede(owner) {
    for (const name of owner.names.keys()) this.#unlist(owner.realm, name);
    owner.names.clear();
    this.#changed.add(owner);
    owner.isSuperseded = true;
    this.#supersededCount++;
    const key = processKey(owner);
    this.#superseded.set(key, [...this.#superseded.get(key) ?? [], owner]);
  }
  #forgetSuperseded(owner) {
    this.#supersededCount--;
    const key = processKey(owner);
    const others = (this.#superseded.get(key) ?? []).filter((other) => other !== owner);
    if (others.length === 0) this.#superseded.delete(key);
    else this.#superseded.set(key, others);
  }
  #list(owner, name) {
    let names = this.#realms.get(owner.realm);
    if (names === void 0) this.#realms.set(owner.realm, names = /* @__PURE__ */ new Map());
    names.set(name, owner);
  }
  #unlist(realm, name) {
    const names = this.#realms.get(realm);
    if (names === void 0) return;
    names.delete(name);
    if (names.size === 0) this.#realms.delete(realm);
  }
};
function ownerOf(session, nowMs) {
  return {
    link: session.link,
    realm: session.realm,
    identity: session.identity,
    tag: session.tag,
    identityKey: bytesKey(session.identity),
    bootKey: bytesKey(session.bootId),
    sessionSeq: session.sessionSeq,
    isStandby: session.isStandby === true,
    entitled: session.entitled ?? noNames,
    claims: session.claims,
    names: /* @__PURE__ */ new Map(),
    aliveMs: nowMs,
    isLapsed: false,
    keptMs: void 0,
    isSuperseded: false
  };
}
var sinceEverMs = 1;
var noNames = /* @__PURE__ */ new Set();
function isEntitled(owner, name, otherSinceMs) {
  return owner.entitled.has(name) && otherSinceMs > sinceEverMs;
}
function processKey({ identityKey, bootKey, realm }) {
  return identityKey + bootKey + realm;
}
function isNewer(session, other) {
  if (session.sessionSeq !== other.sessionSeq) return session.sessionSeq > other.sessionSeq;
  return session.bootKey !== other.bootKey;
}

// apps/relay/src/routing/peers-table.ts
var PeersTable = class {
  #ownKey;
  #linksByPeer = /* @__PURE__ */ new Map();
  #peerByLink = /* @__PURE__ */ new Map();
  constructor(ownIdentity) {
    this.#ownKey = bytesKey(ownIdentity);
  }
  add(peer) {
    const key = bytesKey(peer.identity);
    const links = this.#linksByPeer.get(key) ?? [];
    this.#linksByPeer.set(
      key,
      [...links, peer].sort((a, b) => this.#compare(key, a, b))
    );
    this.#peerByLink.set(peer.link, key);
  }
  remove(link2) {
    const key = this.#peerByLink.get(link2);
    if (key === void 0) return false;
    this.#peerByLink.delete(link2);
    const links = (this.#linksByPeer.get(key) ?? []).filter((peer) => peer.link !== link2);
    if (links.length === 0) this.#linksByPeer.delete(key);
    else this.#linksByPeer.set(key, links);
    return true;
  }
  has(link2) {
    return this.#peerByLink.has(link2);
  }
  /** The relay at the end of a link. */
  identityKey(link2) {
    return this.#peerByLink.get(link2);
  }
  /** Whether there is a link to this relay. */
  hasRelay(identityKey) {
    return this.#linksByPeer.has(identityKey);
  }
  /** Whether OPENs to that link's relay use this very link. */
  isChosen(link2) {
    const key = this.#peerByLink.get(link2);
    return key !== void 0 && this.#linksByPeer.get(key)?.[0]?.link === link2;
  }
  /** Every relay once, over its chosen link, but for those in `visited` and the asking link's own. */
  askable(visited, from) {
    const excluded = new Set(visited.map(bytesKey));
    const fromKey = this.#peerByLink.get(from);
    if (fromKey !== void 0) excluded.add(fromKey);
    excluded.add(this.#ownKey);
    const peers = [];
    for (const [identityKey, links] of this.#linksByPeer) {
      const first2 = links[0];
      if (first2 === void 0 || excluded.has(identityKey)) continue;
      peers.push({ link: first2.link, identity: first2.identity, identityKey });
    }
    return peers;
  }
  /** Number of different relays. */
  get size() {
    return this.#linksByPeer.size;
  }
  #compare(peerKey, a, b) {
    const preferDialled = this.#ownKey < peerKey;
    if (a.dialled !== b.dialled) return a.dialled === preferDialled ? -1 : 1;
    return b.link - a.link;
  }
};

// apps/relay/src/ownership/contests.ts
var Contests = class {
  #contests = /* @__PURE__ */ new Map();
  /** A session that had not ended gives way to this one. */
  noteReplaced(newcomer, nowMs) {
    const contest = this.#of(newcomer);
    const by = newcomer.bootKey + newcomer.sessionSeq;
    const recent = contest.replaced.filter(({ atMs }) => nowMs - atMs < contestWindowMs);
    if (recent.some((other) => other.by === by)) return;
    contest.replaced.splice(0, contest.replaced.length, ...recent.slice(-contestReplacementsMax), {
      by,
      atMs: nowMs
    });
    if (recent.length + 1 >= contestReplacementsMax) contest.untilMs = nowMs + contestWindowMs;
  }
  /** A newcomer was turned away: the contest goes on. */
  noteRefused(newcomer, nowMs) {
    this.#of(newcomer).untilMs = nowMs + contestWindowMs;
  }
  /** Whether the next newcomer of this identity must wait. */
  isContested({ realm, identityKey }, nowMs) {
    const contest = this.#contests.get(identityKey + realm);
    return contest !== void 0 && nowMs < contest.untilMs;
  }
  /** Forgets what is over. */
  handleTimeout(nowMs) {
    for (const [key, { replaced, untilMs }] of this.#contests) {
      if (nowMs >= untilMs && replaced.every(({ atMs }) => nowMs - atMs >= contestWindowMs))
        this.#contests.delete(key);
    }
  }
  #of({ realm, identityKey }) {
    const key = identityKey + realm;
    const known = this.#contests.get(key) ?? { replaced: [], untilMs: 0 };
    this.#contests.delete(key);
    this.#contests.set(key, known);
    if (this.#contests.size > contestedIdentitiesMax)
      this.#contests.delete(this.#contests.keys().next().value);
    return known;
  }
};

// apps/relay/src/ownership/disputes.ts
var Disputes = class {
  #local = /* @__PURE__ */ new Map();
  #foreign = /* @__PURE__ */ new Map();
  /** A newcomer here waits. */
  addLocal(dispute, nowMs) {
    this.#local.set(dispute.newcomer.link, { ...dispute, sinceMs: nowMs });
  }
  /** A newcomer elsewhere waits; false when one does already for that owner. */
  addForeign(newcomer, nowMs) {
    if (this.#foreign.has(newcomer.owner)) return false;
    const dispute = { ...newcomer, sinceMs: nowMs, stage: "asked", atMs: nowMs + ghostProbeMs };
    this.#foreign.set(newcomer.owner, dispute);
    return true;
  }
  /** The newcomer's relay has been told; it has so long to end the newcomer. */
  protest(dispute, nowMs) {
    const atMs = nowMs + contestProtestMs;
    this.#foreign.set(dispute.owner, { ...dispute, stage: "protested", atMs });
  }
  /** A session has ended. */
  handleLinkDown(link2) {
    this.#local.delete(link2);
    this.#foreign.delete(link2);
  }
  /** Those that are to be decided now; they are forgotten. */
  takeDue(nowMs) {
    const local = [...this.#local.values()].filter(({ sinceMs }) => sinceMs + ghostProbeMs <= nowMs);
    const foreign = [...this.#foreign.values()].filter(({ atMs }) => atMs <= nowMs);
    for (const { newcomer } of local) this.#local.delete(newcomer.link);
    for (const { owner } of foreign) this.#foreign.delete(owner);
    return { local, foreign };
  }
  /** When the next one is to be decided. */
  pollTimeout() {
    const times = [
      ...[...this.#local.values()].map(({ sinceMs }) => sinceMs + ghostProbeMs),
      ...[...this.#foreign.values()].map(({ atMs }) => atMs)
    ];
    return times.length === 0 ? void 0 : Math.min(...times);
  }
};

// apps/relay/src/ownership/holdings.ts
var Holdings = class {
  #realms = /* @__PURE__ */ new Map();
  #held = /* @__PURE__ */ new Set();
  #forged = [];
  /** Relays that aren't believed, and until when; undefined: since a moment ago. */
  #distrusted = /* @__PURE__ */ new Map();
  #count = 0;
  /** What a claim says, unless nothing that its relay says is believed. */
  add(log, entry) {
    if (this.#distrusted.has(log)) return void 0;
    const since = /* @__PURE__ */ new Map();
    entry.names.forEach((name, index) => {
      if (entry.since[index] > 0) since.set(name, entry.since[index]);
    });
    const holding = {
      log,
      session: entry.session,
      claim: claimOfOwned(entry, log.identity),
      signature: entry.claim,
      identityKey: bytesKey(entry.identity),
      bootKey: bytesKey(entry.bootId),
      since,
      isSigned: void 0,
      heldUntilMs: void 0
    };
    for (const name of since.keys()) this.#list(entry.realm, name, holding);
    const isCrowded = [...since.keys()].some(
      (name) => this.#unchecked(entry.realm, name) > uncheckedPerNameMax
    );
    return !isCrowded || this.isSigned(holding) ? holding : void 0;
  }
  /** Forgets a holding. */
  remove(holding) {
    this.#held.delete(holding);
    for (const name of holding.since.keys()) this.#unlist(holding, name);
  }
  /** The session is lost: its names stay reserved until then. */
  hold(holding, untilMs) {
    holding.heldUntilMs = untilMs;
    this.#held.add(holding);
  }
  /** The identity has the name elsewhere: what is reserved of a session that it lost is over. */
  endReservations(realm, name, identityKey) {
    for (const holding of this.at(realm, name))
      if (holding.heldUntilMs !== void 0 && holding.identityKey === identityKey)
        this.#unlist(holding, name);
  }
  /** Forgets what a relay said, reservations included. */
  removeOrigin(log) {
    this.#distrusted.delete(log);
    for (const names of [...this.#realms.values()])
      for (const there of [...names.values()])
        for (const holding of [...there]) if (holding.log === log) this.remove(holding);
  }
  /** Ends reservations. Gives the relays that are believed again: what they say must be added again. */
  handleTimeout(nowMs) {
    for (const holding of [...this.#held]) if (holding.heldUntilMs <= nowMs) this.remove(holding);
    const believed = [];
    for (const [log, untilMs] of this.#distrusted) {
      if (untilMs === void 0) this.#distrusted.set(log, nowMs + distrustMs);
      else if (untilMs <= nowMs) believed.push(log);
    }
    for (const log of believed) this.#distrusted.delete(log);
    return believed;
  }
  /** Who holds a name elsewhere, whether or not it counts. */
  at(realm, name) {
    return [...this.#realms.get(realm)?.get(name) ?? []];
  }
  /** Whether the agent signed it; what it did not sign is forgotten, with all that its relay says and nobody has checked. */
  isSigned(holding) {
    if (holding.isSigned !== void 0) return holding.isSigned;
    try {
      holding.isSigned = verifyNameClaim(holding.claim, holding.signature);
    } catch {
      holding.isSigned = false;
    }
    if (!holding.isSigned) this.#distrust(holding);
    return holding.isSigned;
  }
  /** The relays that said something forged, since the last call. */
  takeForged() {
    return this.#forged.splice(0);
  }
  verdict(owner, name, nowMs) {
    let verdict = "free";
    for (const holding of this.at(owner.realm, name)) {
      const isOther = holding.identityKey !== owner.identityKey;
      if (isOther ? !isReserved(holding, nowMs) : !isStanding(holding, nowMs) || !isBefore(holding, owner))
        continue;
      if (isOther && isEntitled(owner, name, holding.since.get(name))) continue;
      if (!this.isSigned(holding)) continue;
      if (isOther) return "taken";
      verdict = "stale";
    }
    return verdict;
  }
  /** Whether a session of its process owns the name elsewhere: that is what a standby stands by for. */
  isBacked(owner, name, nowMs) {
    return this.at(owner.realm, name).some(
      (holding) => holding.identityKey === owner.identityKey && holding.bootKey === owner.bootKey && isStanding(holding, nowMs) && this.isSigned(holding)
    );
  }
  ownedSince(owner, name) {
    let sinceMs;
    for (const holding of this.at(owner.realm, name)) {
      if (holding.identityKey !== owner.identityKey || !this.isSigned(holding)) continue;
      sinceMs = Math.min(sinceMs ?? Number.POSITIVE_INFINITY, holding.since.get(name));
    }
    return sinceMs;
  }
  /** Names held elsewhere. */
  get size() {
    return this.#count;
  }
  #distrust(forged) {
    const { log } = forged;
    this.remove(forged);
    if (this.#distrusted.has(log)) return;
    this.#distrusted.set(log, void 0);
    this.#forged.push(log);
    for (const record of log.records()) {
      const { holding } = record;
      if (holding === void 0 || holding.isSigned === true) continue;
      this.remove(holding);
      record.holding = void 0;
    }
  }
  #unchecked(realm, name) {
    let unchecked = 0;
    for (const { isSigned } of this.#realms.get(realm)?.get(name) ?? [])
      if (isSigned === void 0) unchecked++;
    return unchecked;
  }
  #unlist(holding, name) {
    const names = this.#realms.get(holding.claim.realm);
    const there = names?.get(name);
    if (there?.delete(holding) !== true) return;
    this.#count--;
    if (there.size === 0) names.delete(name);
    if (names.size === 0) this.#realms.delete(holding.claim.realm);
  }
  #list(realm, name, holding) {
    let names = this.#realms.get(realm);
    if (names === void 0) this.#realms.set(realm, names = /* @__PURE__ */ new Map());
    const there = names.get(name);
    if (there === void 0) names.set(name, /* @__PURE__ */ new Set([holding]));
    else there.add(holding);
    this.#count++;
  }
};
function isStanding(holding, nowMs) {
  return holding.heldUntilMs === void 0 && holding.log.isLive(nowMs);
}
function isReserved(holding, nowMs) {
  return holding.heldUntilMs === void 0 ? holding.log.isLive(nowMs) : nowMs < holding.heldUntilMs;
}
function isBefore(holding, owner) {
  return isNewer2(holding, owner) || owner.isStandby && holding.bootKey !== owner.bootKey;
}
function isNewer2(holding, owner) {
  if (owner.isStandby && holding.bootKey === owner.bootKey) return false;
  const { sessionSeq, claimSeq } = holding.claim;
  if (sessionSeq !== owner.sessionSeq) return sessionSeq > owner.sessionSeq;
  if (holding.bootKey !== owner.bootKey) return holding.bootKey > owner.bootKey;
  return claimSeq > (owner.claims?.present.claim.claimSeq ?? 0);
}

// apps/relay/src/ownership/newcomer.ts
function newcomerOf({ realm, identity, bootId, sessionSeq }) {
  return { realm, identityKey: bytesKey(identity), bootKey: bytesKey(bootId), sessionSeq };
}
function newcomerIn({ claim, identityKey, bootKey }) {
  return { realm: claim.realm, identityKey, bootKey, sessionSeq: claim.sessionSeq };
}

// apps/relay/src/ownership/publisher.ts
var Publisher = class {
  #owning = /* @__PURE__ */ new Map();
  #over = /* @__PURE__ */ new Map();
  /** When a claim of that session would have been due if all had been 200 ms apart. */
  #pacedMs = /* @__PURE__ */ new Map();
  #windowMs = Number.NEGATIVE_INFINITY;
  #left = 0;
  /** Something has changed. */
  add(owner) {
    const { link: link2 } = owner;
    this.#owning.delete(link2);
    if (ownsNothing(owner)) this.#over.set(link2, owner);
    else {
      this.#over.delete(link2);
      this.#owning.set(link2, owner);
    }
  }
  /** Those that others are told of now. */
  take(nowMs) {
    if (nowMs >= this.#windowMs + ownedPublishedEveryMs) {
      this.#windowMs = nowMs;
      this.#left = ownedPublishedMax;
    }
    const taken = [];
    for (const [link2, owner] of this.#owning) {
      if (taken.length >= this.#left) break;
      if (this.#dueMs(link2) > nowMs) continue;
      this.#pacedMs.set(link2, Math.max(nowMs, this.#pacedMs.get(link2) ?? nowMs) + ownedClaimEveryMs);
      this.#owning.delete(link2);
      taken.push(owner);
    }
    for (const [link2, owner] of this.#over) {
      if (taken.length >= this.#left) break;
      this.#over.delete(link2);
      if (owner.keptMs !== void 0) this.#pacedMs.delete(link2);
      taken.push(owner);
    }
    this.#left -= taken.length;
    return taken;
  }
  /** When there is something to take, undefined when nothing waits. */
  pollTimeout() {
    if (this.#owning.size + this.#over.size === 0) return void 0;
    if (this.#left === 0) return this.#windowMs + ownedPublishedEveryMs;
    let atMs = Number.POSITIVE_INFINITY;
    for (const link2 of this.#owning.keys()) atMs = Math.min(atMs, this.#dueMs(link2));
    return atMs;
  }
  #dueMs(link2) {
    return (this.#pacedMs.get(link2) ?? Number.NEGATIVE_INFINITY) - (ownedClaimBurst - 1) * ownedClaimEveryMs;
  }
};
function ownsNothing({ keptMs, isLapsed, isStandby, names }) {
  return keptMs !== void 0 || isLapsed || isStandby || names.size === 0;
}

// apps/relay/src/ownership/regained-names.ts
var RegainedNames = class {
  #names;
  #holdings;
  constructor(names, holdings) {
    this.#names = names;
    this.#holdings = holdings;
  }
  /** A session elsewhere has claimed names. */
  handleClaim(holding) {
    const { identityKey, since } = holding;
    const { realm } = holding.claim;
    for (const name of since.keys()) {
      const isKept = this.#names.reservedFor(realm, name) === identityKey || this.#holdings.at(realm, name).some((other) => isKeptFor(other, holding));
      if (!isKept) continue;
      if (!this.#holdings.isSigned(holding)) return;
      this.#names.endReservation(realm, name, identityKey);
      this.#holdings.endReservations(realm, name, identityKey);
    }
  }
  /** A session elsewhere is lost, whose identity may have been quicker than the news of that. */
  handleLost({ claim, since, identityKey }, nowMs) {
    const { realm } = claim;
    for (const name of since.keys()) {
      const isHad = this.#names.find(realm, name)?.identityKey === identityKey || this.#holdings.at(realm, name).some((other) => this.#isHadBy(other, identityKey, nowMs));
      if (isHad) this.#holdings.endReservations(realm, name, identityKey);
    }
  }
  #isHadBy(other, identityKey, nowMs) {
    return other.identityKey === identityKey && isStanding(other, nowMs) && this.#holdings.isSigned(other);
  }
};
function isKeptFor(held2, { identityKey, claim }) {
  const isLost = held2.heldUntilMs !== void 0 && held2.identityKey === identityKey;
  return isLost && held2.claim.sessionSeq <= claim.sessionSeq;
}

// apps/relay/src/ownership/listing.ts
var Listing = class {
  /** Up to this version the list is complete. */
  to = 0;
  #by;
  #versions = /* @__PURE__ */ new Set();
  constructor(by) {
    this.#by = by;
  }
  /** Whether that relay was asked for the list. */
  isBy(sender) {
    return sender === this.#by;
  }
  /** Whether the list has this entry. */
  has(version) {
    return this.#versions.has(version);
  }
  /** An entry has come: the next one of the list, or the next one that the origin said after it. */
  note({
    sender,
    from,
    version
  }) {
    if (version <= this.to || from > this.to) return;
    if (version > this.to + 1 && !this.isBy(sender)) return;
    this.to = version;
    this.#versions.add(version);
  }
};

// apps/relay/src/ownership/origin-log.ts
var OriginLog = class {
  identity;
  key;
  epoch = 0;
  floor = 0;
  /** When its relay last gave a sign of life. */
  heardMs = Number.NEGATIVE_INFINITY;
  /** When others were last asked about it, and what was known then. */
  askedMs = Number.NEGATIVE_INFINITY;
  askedVersion = -1;
  /** What is in force here is not what the relay says is in force: it must be listed from the beginning on. */
  isDamaged = false;
  /** How often that was asked for, and when it may be again. */
  repairs = 0;
  repairAtMs = Number.NEGATIVE_INFINITY;
  /** When its relay, or who speaks of it, was last told of a higher epoch. */
  evidenceMs = Number.NEGATIVE_INFINITY;
  bytes = 0;
  /** The relay that first passed something of it on, and whether it is on the list of relays. */
  introducedBy = "";
  isListed = false;
  /** First 8 bytes of the relays that have its entries from itself. */
  neighbours = /* @__PURE__ */ new Set();
  #records = /* @__PURE__ */ new Map();
  #releases = /* @__PURE__ */ new Set();
  /** Ascending. */
  #versions = [];
  #byVersion = /* @__PURE__ */ new Map();
  #top = 0;
  /** The highest version of what was said of a session. */
  #sessionsTop = 0;
  /** Entries behind a gap that were passed on and aren't kept. */
  #passedOn = /* @__PURE__ */ new Set();
  #listing;
  constructor(identity) {
    this.identity = identity;
    this.key = bytesKey(identity);
  }
  /** Whether its relay counts as alive. */
  isLive(nowMs) {
    return nowMs - this.heardMs < nameFreeAfterMs;
  }
  /** Whether an entry can't change anything, so that its signature needn't be checked. */
  isKnown(epoch, version) {
    return epoch === this.epoch && version <= this.floor && !this.isDamaged;
  }
  /** Takes an entry of this epoch or a higher one. */
  take(arrived) {
    const { epoch, from, version, entry, told } = arrived;
    const formerLife = epoch > this.epoch ? this.begin(epoch) : [];
    const isGap = from > this.floor;
    const key = keyOf3(entry);
    const replaced = key === void 0 ? void 0 : this.#records.get(key);
    const isNew = key === void 0 ? this.#isToPassOn(version) : this.#isNews(version, replaced);
    if (version > this.#top) {
      this.#top = version;
      this.heardMs = Math.max(this.heardMs, arrived.learnedMs);
    }
    if (isNew && key !== void 0) this.#put(key, recordOf(arrived), replaced);
    if (!isGap) this.#raiseFloor(version);
    this.#listing?.note({ sender: told.sender, from: Math.min(told.from, version - 1), version });
    const dropped = !isGap && version === this.beat?.version ? this.#compare() : [];
    return { isNew, isGap, replaced: isNew ? replaced : void 0, dropped, formerLife };
  }
  /** A relay will be asked for everything in force. */
  beginListing(by, nowMs) {
    this.#listing = new Listing(by);
    this.repairAtMs = nowMs + Math.min(ownedRepairMsMax, ownedRepairMsMin * 2 ** this.repairs);
    this.repairs++;
  }
  /** Up to where that relay need not tell what is in force. */
  knownTo(sender) {
    return this.#listing?.isBy(sender) === true ? this.#listing.to : this.floor;
  }
  /** A new life of its relay; gives what the former one had said. */
  begin(epoch) {
    const former = [...this.#records.values()];
    this.#clear();
    this.epoch = epoch;
    this.#top = 0;
    return former;
  }
  /** Forgets everything but the epoch; gives what was in force. */
  forget() {
    const forgotten = [...this.#records.values()];
    this.#clear();
    return forgotten;
  }
  /** Forgets releases that everybody has heard of. */
  purge(nowMs) {
    for (const record of [...this.#releases]) {
      if (nowMs - record.learnedMs < ownedReleaseKeptMs) continue;
      this.#remove(record);
    }
  }
  /** What is in force behind a version, in order; what lies behind a gap is left out. */
  recordsAfter(version) {
    const end2 = this.#indexOf(this.floor + 1);
    return this.#versions.slice(this.#indexOf(version + 1), end2).map((v) => this.#byVersion.get(v));
  }
  /** Tells which claims are in force. */
  digest() {
    return claimsDigest(this.#claims());
  }
  /** The last word of all. */
  get last() {
    const version = this.#versions.at(-1);
    return version === void 0 ? void 0 : this.#byVersion.get(version);
  }
  /** Its relay's last sign of life. */
  get beat() {
    return this.#records.get(beatKey);
  }
  /** The entry in force with that version. */
  ofVersion(version) {
    return this.#byVersion.get(version);
  }
  /** What was said of a session. */
  ofSession(session) {
    return this.#records.get(session);
  }
  /** Everything in force. */
  records() {
    return this.#records.values();
  }
  /** An entry that isn't kept is passed on once, and counts as old when too many lie behind a gap. */
  #isToPassOn(version) {
    if (version <= this.floor || this.#passedOn.has(version)) return false;
    if (this.#passedOn.size >= ownedPassedOnMax) return false;
    this.#passedOn.add(version);
    return true;
  }
  #isNews(version, replaced) {
    return (version > this.floor || this.isDamaged) && version > (replaced?.version ?? 0);
  }
  #raiseFloor(version) {
    this.floor = Math.max(this.floor, version);
    for (const passed of this.#passedOn) if (passed <= this.floor) this.#passedOn.delete(passed);
  }
  /** Compares what is in force here with what the last sign of life says. Gives what is over. */
  #compare() {
    const { entry, version } = this.beat;
    if (entry.kind !== "beat" || this.#sessionsTop > version) return [];
    const claims = this.#claims();
    const listed = claims.filter((claim) => this.#listing?.has(claim) === true);
    const right = [claims, listed].find((some) => constantTimeEqual(claimsDigest(some), entry.digest));
    this.isDamaged = right === void 0;
    if (right === void 0) return [];
    this.#listing = void 0;
    this.repairs = 0;
    this.repairAtMs = Number.NEGATIVE_INFINITY;
    const kept = new Set(right);
    const dropped = claims.filter((claim) => !kept.has(claim)).map((claim) => this.#byVersion.get(claim));
    for (const record of dropped) this.#remove(record);
    return dropped;
  }
  /** Versions of the claims in force. */
  #claims() {
    return this.#versions.filter((version) => this.#byVersion.get(version).entry.kind === "claim");
  }
  #put(key, record, replaced) {
    if (replaced !== void 0) this.#remove(replaced);
    if (key > 0) this.#sessionsTop = Math.max(this.#sessionsTop, record.version);
    if (record.entry.kind === "neighbours") this.neighbours = prefixesIn(record.entry.relays);
    if (record.entry.kind === "release") this.#releases.add(record);
    this.#records.set(key, record);
    this.#byVersion.set(record.version, record);
    this.#versions.splice(this.#indexOf(record.version), 0, record.version);
    this.bytes += record.bytes.length + recordOverheadBytes2;
  }
  #remove(record) {
    this.#records.delete(keyOf3(record.entry));
    this.#releases.delete(record);
    this.#byVersion.delete(record.version);
    this.#versions.splice(this.#indexOf(record.version), 1);
    this.bytes -= record.bytes.length + recordOverheadBytes2;
  }
  #clear() {
    this.#records.clear();
    this.#releases.clear();
    this.#byVersion.clear();
    this.#versions = [];
    this.neighbours = /* @__PURE__ */ new Set();
    this.#passedOn.clear();
    this.#listing = void 0;
    this.isDamaged = false;
    this.repairs = 0;
    this.#sessionsTop = 0;
    this.floor = 0;
    this.bytes = 0;
  }
  /** Where a version is, or would be. */
  #indexOf(version) {
    let low = 0;
    let high = this.#versions.length;
    while (low < high) {
      const middle = low + high >> 1;
      if (this.#versions[middle] < version) low = middle + 1;
      else high = middle;
    }
    return low;
  }
};
function recordOf({ version, entry, bytes, signature, learnedMs }) {
  return { version, entry, bytes, signature, learnedMs };
}
function relayPrefix(identityKey) {
  return identityKey.slice(0, 8);
}
function keyOf3(entry) {
  switch (entry.kind) {
    case "claim":
    case "release":
      return entry.session;
    case "beat":
      return beatKey;
    case "neighbours":
      return neighboursKey;
    case "conflict":
    case "unknown":
      return void 0;
  }
}
function prefixesIn(relays) {
  const prefixes = /* @__PURE__ */ new Set();
  for (let at = 0; at < relays.length; at += 8) prefixes.add(bytesKey(relays.subarray(at, at + 8)));
  return prefixes;
}
var beatKey = 0;
var neighboursKey = -1;
var recordOverheadBytes2 = 500;

// apps/relay/src/ownership/origin-table.ts
var OriginTable = class {
  #options;
  #originsMax;
  #bytesMax;
  #logs = /* @__PURE__ */ new Map();
  #evicted = [];
  constructor(options) {
    this.#options = options;
    this.#originsMax = options.originsMax ?? ownedOriginsKnownMax;
    this.#bytesMax = options.bytesMax ?? ownedBytesMax;
  }
  get(key) {
    return this.#logs.get(key);
  }
  values() {
    return this.#logs.values();
  }
  delete(log) {
    this.#logs.delete(log.key);
  }
  /** Forgets relays; looks again which of the others are on the list. */
  purge(belongs) {
    const gone = [...this.#logs.values()].filter((log) => !belongs(log));
    for (const log of gone) this.delete(log);
    for (const log of this.#logs.values()) log.isListed = this.#options.isListed(log.identity);
    return gone;
  }
  /** Makes room for an entry; false when there is none. Who has lost its place for that is told by `takeEvicted`. */
  makeRoom(log, wanted) {
    const isBounded = isBoundedAnyway(log, wanted.entry);
    const bytes = isBounded ? 0 : wanted.bytes.length;
    if (!isBounded && log.bytes + bytes > ownedBytesPerOriginMax) return false;
    const isKnown = this.#logs.get(log.key) === log;
    if (!isKnown) {
      log.introducedBy = wanted.sender;
      log.isListed = this.#options.isListed(log.identity);
    }
    while (!isKnown && this.#logs.size >= this.#originsMax) {
      const victim = this.#victimFor(log, () => 1);
      if (victim === void 0) return false;
      this.#evict(victim);
    }
    let total = bytes === 0 ? 0 : this.#bytes() + bytes;
    while (total > this.#bytesMax) {
      const victim = this.#victimFor(log, (other) => other.bytes);
      if (victim === void 0) return false;
      this.#evict(victim);
      total -= victim.bytes;
    }
    this.#logs.set(log.key, log);
    return true;
  }
  /** Who has lost its place since the last call. */
  takeEvicted() {
    return this.#evicted.splice(0);
  }
  /** The newest of those that the relay passed on which uses most; none when the one that wants room uses as much itself. */
  #victimFor(log, sizeOf) {
    const used = /* @__PURE__ */ new Map();
    const newest = /* @__PURE__ */ new Map();
    for (const other of this.#logs.values()) {
      if (!this.#isExpendable(other)) continue;
      used.set(other.introducedBy, (used.get(other.introducedBy) ?? 0) + sizeOf(other));
      if (other !== log) newest.set(other.introducedBy, other);
    }
    const [greediest, most] = [...used].reduce((a, b) => b[1] > a[1] ? b : a, ["", 0]);
    if (this.#isExpendable(log) && (used.get(log.introducedBy) ?? 0) >= most) return void 0;
    return newest.get(greediest);
  }
  #evict(log) {
    this.delete(log);
    this.#evicted.push(log);
  }
  #isExpendable(log) {
    return !log.isListed && !this.#options.isPeer(log.key);
  }
  #bytes() {
    let bytes = 0;
    for (const log of this.#logs.values()) bytes += log.bytes;
    return bytes;
  }
};
function isBoundedAnyway(log, entry) {
  switch (entry.kind) {
    case "claim":
      return false;
    case "release":
      return log.ofSession(entry.session) !== void 0;
    case "beat":
    case "neighbours":
    case "conflict":
    case "unknown":
      return true;
  }
}

// apps/relay/src/ownership/replication.ts
var Replication = class {
  own;
  #options;
  #logs;
  #outputs = new OutputQueue();
  #changes = new OutputQueue();
  #sentNeighbours = "";
  #beatMs = Number.NEGATIVE_INFINITY;
  #epochRaisedMs = Number.NEGATIVE_INFINITY;
  #overdueTurn = 0;
  constructor(options) {
    this.#options = options;
    this.own = new OriginLog(options.identity.publicKey);
    this.own.begin(options.epoch);
    this.#logs = new OriginTable({
      isPeer: (key) => options.peers.hasRelay(key),
      isListed: (identity) => isTrue(() => options.isListedOrigin(identity))
    });
  }
  /** Says something to the whole mesh. */
  publish(entry, nowMs) {
    const { own } = this;
    const { identity } = this.#options;
    const bytes = encodeOwnedEntry(entry);
    const from = own.floor;
    const version = from + 1;
    const { epoch } = own;
    const signature = signOwned(identity, { origin: identity.publicKey, epoch, version }, bytes);
    const record = { version, entry, bytes, signature, learnedMs: nowMs };
    own.take({ ...record, epoch, from, told: { sender: own.key, from } });
    const links = this.#options.peers.askable([], noLink).map(({ link: link2 }) => link2);
    this.#send(links, own, { record, from, nowMs });
  }
  /** A peering stands: asks for what its relay says, and tells it of relays it doesn't hear itself. */
  handlePeerUp(peer, nowMs) {
    const key = bytesKey(peer.identity);
    const theirs = this.#logs.get(key) ?? new OriginLog(peer.identity);
    this.#outputs.push({ kind: "send", links: [peer.link], message: haveOf([theirs, this.own]) });
    for (const log of this.#logs.values()) {
      const { beat } = log;
      if (beat === void 0 || log.key === key || !log.isLive(nowMs)) continue;
      if (log.neighbours.has(relayPrefix(key))) continue;
      this.#send([peer.link], log, { record: beat, from: beat.version - 1, nowMs });
    }
  }
  /** A relay passes on what some relay says. */
  handleOwned(link2, message2, nowMs) {
    const sender = this.#options.peers.identityKey(link2);
    const origin = bytesKey(message2.origin);
    if (sender === void 0 || message2.version < 1) return;
    if (origin === this.own.key) this.#handleOwn(message2, nowMs);
    else if (this.#isAdmitted(message2.origin)) this.#handleForeign({ link: link2, sender, origin, message: message2 }, nowMs);
  }
  /** A relay asks for what is missing there. */
  handleHave(link2, have, nowMs) {
    const sender = this.#options.peers.identityKey(link2);
    let room = ownedAnswerBytesMax;
    for (const [index, identity] of have.origins.entries()) {
      const key = bytesKey(identity);
      const log = key === this.own.key ? this.own : this.#logs.get(key);
      if (log === void 0 || sender === void 0 || room <= 0) continue;
      const known = { epoch: have.epochs[index], version: have.versions[index] };
      if (key === sender) this.#tellOfLaterLife(link2, log, known, nowMs);
      else if (log === this.own || log.isLive(nowMs)) room -= this.#answer(link2, log, { known, room, nowMs });
    }
  }
  /** Gives signs of life, asks about relays that give none, and forgets those that are gone. */
  handleTimeout(nowMs) {
    const peers = this.#options.peers.askable([], noLink);
    const neighbours = peers.map(({ identityKey }) => relayPrefix(identityKey)).sort();
    if (peers.length > 0 && neighbours.join("") !== this.#sentNeighbours) {
      this.#sentNeighbours = neighbours.join("");
      const relays = Uint8Array.from(this.#sentNeighbours, (character) => character.charCodeAt(0));
      this.publish({ kind: "neighbours", relays }, nowMs);
    }
    if (peers.length > 0 && nowMs - this.#beatMs >= ownedBeatMs) {
      this.#beatMs = nowMs;
      this.publish({ kind: "beat", digest: this.own.digest() }, nowMs);
    }
    this.own.purge(nowMs);
    for (const log of [...this.#logs.values()]) this.#handleLogTimeout(log, nowMs);
  }
  /** This process stood still for so long: nobody else's silence is that long. */
  handleStandstill(ms, nowMs) {
    for (const log of this.#logs.values()) log.heardMs = Math.min(nowMs, log.heardMs + ms);
  }
  /** Forgets relays that don't belong to the mesh any more. */
  purge() {
    return this.#logs.purge(({ identity }) => this.#isAdmitted(identity));
  }
  /** What a relay said. */
  log(key) {
    return this.#logs.get(key);
  }
  /** The next thing that has become known, or undefined. */
  pollChange() {
    return this.#changes.shift();
  }
  /** The next message to send, or undefined. */
  pollOutput() {
    return this.#outputs.shift();
  }
  #handleForeign({ link: link2, sender, origin, message: message2 }, nowMs) {
    const { epoch, version } = message2;
    const log = this.#logs.get(origin) ?? new OriginLog(message2.origin);
    if (epoch < log.epoch) {
      this.#tellOfLaterLife(link2, log, { epoch, version }, nowMs);
      return;
    }
    const isDirect = sender === origin;
    const isBelieved = isDirect || !this.#options.peers.hasRelay(origin);
    const from = isBelieved ? Math.min(message2.from, version - 1) : version - 1;
    const entry = log.isKnown(epoch, version) ? void 0 : this.#provenEntry(message2, isDirect);
    if (entry !== void 0 && this.#makeRoom(log, { entry, bytes: message2.entry, sender })) {
      const { entry: bytes, signature } = message2;
      const learnedMs = nowMs - Math.min(message2.ageMs, ownedAgeMsMax);
      const record = { version, entry, bytes, signature, learnedMs };
      const isGap = this.#take(log, { ...record, epoch, from, told: { sender, from: message2.from } }, nowMs);
      if (isGap && nowMs - log.askedMs >= ownedAskEveryMs)
        this.#ask(link2, log, { version: log.floor, nowMs });
      if (log.isDamaged && entry.kind === "beat") this.#repair(link2, log, nowMs);
    }
    const known = log.knownTo(sender);
    if (message2.more && known !== log.askedVersion) this.#ask(link2, log, { version: known, nowMs });
  }
  /** Has everything in force listed, by whom the sign of life came from that told the damage, then by others in turn. */
  #repair(link2, log, nowMs) {
    const { peers } = this.#options;
    if (nowMs < log.repairAtMs) return;
    const others = peers.askable([], noLink);
    const asked = log.repairs === 0 || others.length === 0 ? link2 : others[log.repairs % others.length].link;
    log.beginListing(peers.identityKey(asked), nowMs);
    this.#ask(asked, log, { version: 0, nowMs });
  }
  /** Gives whether there is something before it that is not known here. */
  #take(log, arrived, nowMs) {
    const wasLive = log.isLive(nowMs);
    const { heardMs } = log;
    const { entry, version, from, told } = arrived;
    const taken = log.take(arrived);
    for (const former of taken.formerLife)
      this.#changes.push({ kind: "former", log, record: former, heardMs });
    for (const dropped of taken.dropped) this.#changes.push({ kind: "dropped", log, record: dropped });
    if (taken.isNew) {
      const record = log.ofVersion(version) ?? arrived;
      if (entry.kind === "conflict") this.#changes.push({ kind: "conflict", log, entry });
      else this.#changes.push({ kind: "said", log, record, replaced: taken.replaced });
      this.#forward(log, { record, from, nowMs }, told.sender);
    }
    if (!wasLive && log.isLive(nowMs)) this.#changes.push({ kind: "revived", log });
    return taken.isGap;
  }
  /** Undefined when nothing shows that its origin said it. */
  #provenEntry(message2, isDirect) {
    try {
      if (!isDirect && !verifyOwned(message2, message2.entry, message2.signature)) return void 0;
      return decodeOwnedEntry(message2.entry) ?? { kind: "unknown" };
    } catch {
      return void 0;
    }
  }
  #isAdmitted(identity) {
    return isTrue(() => this.#options.admitsOrigin(identity));
  }
  #makeRoom(log, wanted) {
    const hasRoom = this.#logs.makeRoom(log, wanted);
    for (const evicted of this.#logs.takeEvicted())
      for (const record of evicted.forget()) this.#changes.push({ kind: "dropped", log: evicted, record });
    return hasRoom;
  }
  /** Only a later life of ours, or another relay with our key, can have said what we did not. */
  #handleOwn(message2, nowMs) {
    const { own } = this;
    const isLater = message2.epoch > own.epoch || message2.epoch === own.epoch && message2.version > own.floor;
    if (!isLater || nowMs - this.#epochRaisedMs < ownedBeatMs) return;
    if (!verifyOwned(message2, message2.entry, message2.signature)) return;
    this.#epochRaisedMs = nowMs;
    own.begin(message2.epoch + 1);
    this.#sentNeighbours = "";
    this.#beatMs = Number.NEGATIVE_INFINITY;
    this.#outputs.push({ kind: "noted", note: { what: "epoch_raised" } });
    this.#changes.push({ kind: "own_epoch" });
  }
  /** Shows a relay, or who speaks of it, that more is known of it than it knows itself. */
  #tellOfLaterLife(link2, log, known, nowMs) {
    const { last } = log;
    const isLater = log.epoch > known.epoch || log.epoch === known.epoch && log.floor > known.version;
    if (!isLater || last === void 0 || nowMs - log.evidenceMs < ownedAskEveryMs) return;
    log.evidenceMs = nowMs;
    this.#send([link2], log, { record: last, from: last.version - 1, nowMs });
  }
  /** Gives the bytes sent. */
  #answer(link2, log, { known, room, nowMs }) {
    if (known.epoch > log.epoch) return 0;
    let from = known.epoch < log.epoch ? 0 : known.version;
    const records = log.recordsAfter(from);
    let bytes = 0;
    for (const [index, record] of records.entries()) {
      bytes += record.bytes.length + answerOverheadBytes;
      const more = bytes >= room && index < records.length - 1;
      this.#send([link2], log, { record, from, nowMs, more });
      if (more) break;
      from = record.version;
    }
    return bytes;
  }
  #forward(log, said, sender) {
    const reached = this.#logs.get(sender)?.neighbours;
    const links = [];
    for (const { link: link2, identityKey } of this.#options.peers.askable([], noLink)) {
      const prefix = relayPrefix(identityKey);
      if (identityKey === sender || identityKey === log.key) continue;
      if (!log.neighbours.has(prefix) && reached?.has(prefix) !== true) links.push(link2);
    }
    this.#send(links, log, said);
  }
  #handleLogTimeout(log, nowMs) {
    log.purge(nowMs);
    const silentMs = nowMs - log.heardMs;
    if (silentMs >= originForgetMs) this.#logs.delete(log);
    if (silentMs >= ownedForgetMs) {
      const { heardMs } = log;
      for (const record of log.forget()) this.#changes.push({ kind: "former", log, record, heardMs });
    } else if (silentMs >= ownedOverdueMs && log.isLive(nowMs)) {
      const peers = this.#options.peers.askable([], noLink);
      for (let asked = 0; asked < Math.min(ownedOverdueAskedMax, peers.length); asked++) {
        const { link: link2 } = peers[this.#overdueTurn++ % peers.length];
        this.#outputs.push({ kind: "send", links: [link2], message: haveOf([log]) });
      }
    }
  }
  /** Asks for what is in force behind a version. */
  #ask(link2, log, { version, nowMs }) {
    log.askedMs = nowMs;
    log.askedVersion = version;
    this.#outputs.push({ kind: "send", links: [link2], message: { ...haveOf([log]), versions: [version] } });
  }
  #send(links, log, { record, from, nowMs, more = false }) {
    if (links.length === 0) return;
    const { version, bytes: entry, signature, learnedMs } = record;
    const { identity: origin, epoch } = log;
    const ageMs = Math.max(0, Math.min(ownedAgeMsMax, Math.round(nowMs - learnedMs)));
    const message2 = { kind: "owned", origin, epoch, version, from, ageMs, entry, signature, more };
    this.#outputs.push({ kind: "send", links, message: message2 });
  }
};
function isTrue(condition) {
  try {
    return condition();
  } catch {
    return false;
  }
}
function haveOf(logs) {
  return {
    kind: "owned_have",
    origins: logs.map(({ identity }) => identity),
    epochs: logs.map(({ epoch }) => epoch),
    versions: logs.map(({ floor }) => floor)
  };
}
var noLink = 0;
var answerOverheadBytes = 200;

// apps/relay/src/ownership/ownership.ts
var Ownership = class {
  names;
  peers;
  /** Sessions here that lost a name to what was said elsewhere, by code, since the start. */
  conflicts = /* @__PURE__ */ new Map();
  #holdings = new Holdings();
  #replication;
  #contests = new Contests();
  #disputes = new Disputes();
  #publisher = new Publisher();
  #regained;
  #outputs = new OutputQueue();
  #losses = [];
  /** Sessions that others have been told of. */
  #published = /* @__PURE__ */ new Set();
  #tickMs;
  constructor(options) {
    const { identity, epoch, wallOffsetMs } = options;
    const { admitsOrigin = () => true, isListedOrigin = () => false } = options;
    this.names = new NamesTable({ foreign: this.#holdings, wallOffsetMs });
    this.peers = new PeersTable(identity.publicKey);
    this.#regained = new RegainedNames(this.names, this.#holdings);
    this.#replication = new Replication({
      ...{ identity, epoch, peers: this.peers, admitsOrigin, isListedOrigin }
    });
  }
  /**
   * A session wants in. Gives the session here that must be asked first whether it lives: the newcomer waits until
   * `takeDecided` says what becomes of it.
   */
  handleNewcomer(session, nowMs) {
    const newcomer = newcomerOf(session);
    if (session.isStandby === true) return void 0;
    const rival = this.#rivalHere(session, newcomer);
    const later = rival === void 0 ? this.#laterHere(session, newcomer) : void 0;
    if (later !== void 0) {
      this.#disputes.addLocal({ newcomer: session, owner: later.link, isOlder: true }, nowMs);
      return later.link;
    }
    if (rival === void 0 && !this.#hasRivalElsewhere(session, newcomer, nowMs)) return void 0;
    if (rival === void 0 || !this.#contests.isContested(newcomer, nowMs)) {
      this.#contests.noteReplaced(newcomer, nowMs);
      return void 0;
    }
    this.#disputes.addLocal({ newcomer: session, owner: rival.link, isOlder: false }, nowMs);
    return rival.link;
  }
  /** Newcomers whose waiting is over, and whether they are turned away with `identity_conflict`. */
  takeDecided(nowMs) {
    const { local, foreign } = this.#disputes.takeDue(nowMs);
    for (const dispute of foreign) this.#decideForeign(dispute, nowMs);
    return local.map((dispute) => ({
      session: dispute.newcomer,
      isRefused: this.#isRefused(dispute, nowMs)
    }));
  }
  /** A peering stands, and is among `peers`. */
  handlePeerUp(peer, nowMs) {
    this.#replication.handlePeerUp(peer, nowMs);
  }
  /** A link is gone. */
  handleLinkDown(link2) {
    this.#disputes.handleLinkDown(link2);
  }
  /** A relay passes on what some relay says of its sessions. */
  handleOwned(link2, message2, nowMs) {
    this.#replication.handleOwned(link2, message2, nowMs);
    this.#handleChanges(nowMs);
  }
  /** A relay asks for what it doesn't know. */
  handleHave(link2, message2, nowMs) {
    this.#replication.handleHave(link2, message2, nowMs);
  }
  /** Looks at what time has changed. */
  handleTimeout(nowMs) {
    if (this.#tickMs !== void 0 && nowMs < this.#tickMs) return;
    const lateMs = nowMs - (this.#tickMs ?? nowMs);
    if (lateMs > standstillMs) {
      this.#replication.handleStandstill(lateMs, nowMs);
      this.names.handleStandstill(lateMs, nowMs);
    }
    this.#tickMs = nowMs + ownershipTickMs;
    this.names.handleTimeout(nowMs);
    for (const log of this.#holdings.handleTimeout(nowMs)) this.#believeAgain(log, nowMs);
    this.#contests.handleTimeout(nowMs);
    this.#replication.handleTimeout(nowMs);
    this.#handleChanges(nowMs);
  }
  /** When `handleTimeout`, `takeDecided` and `publishChanges` must be called next. */
  pollTimeout() {
    const times = [this.#tickMs ?? 0, this.#disputes.pollTimeout(), this.#publisher.pollTimeout()];
    return Math.min(...times.filter((atMs) => atMs !== void 0));
  }
  /** Sessions here that must go, or are superseded, since the last call. */
  takeLosses() {
    return this.#losses.splice(0);
  }
  /** Tells the mesh what has changed here, as far as that is due. */
  publishChanges(nowMs) {
    for (const owner of this.names.takeChanged()) this.#publisher.add(owner);
    for (const owner of this.#publisher.take(nowMs)) this.#publish(owner, nowMs);
  }
  /** Some relays may not belong to the mesh any more: what they said is forgotten at once. */
  handleAdmissionChanged() {
    for (const log of this.#replication.purge()) this.#holdings.removeOrigin(log);
  }
  /** The next thing to do, or undefined. */
  pollOutput() {
    return this.#outputs.shift() ?? this.#replication.pollOutput();
  }
  /** Whether another relay says that somebody has the name there. */
  knows(realm, name) {
    return this.#holdings.at(realm, name).length > 0;
  }
  /** Whether the process of a session that stands by owns the name at another relay. */
  isBacked(owner, name, nowMs) {
    return this.#holdings.isBacked(owner, name, nowMs);
  }
  /** Names held by sessions at other relays. */
  get remoteNames() {
    return this.#holdings.size;
  }
  #publish(owner, nowMs) {
    const { link: link2, claims, names, keptMs } = owner;
    if (claims === void 0) return;
    if (ownsNothing(owner)) {
      if (!this.#published.delete(link2)) return;
      const keepMs = Math.min(nameFreeAfterMs, Math.round(keptMs ?? 0));
      this.#replication.publish({ kind: "release", session: link2, keepMs }, nowMs);
      return;
    }
    this.#published.add(link2);
    for (const name of names.keys()) this.#holdings.endReservations(owner.realm, name, owner.identityKey);
    const { claim, signature } = claims.present;
    this.#replication.publish(
      {
        kind: "claim",
        session: link2,
        realm: claim.realm,
        identity: claim.identity,
        bootId: claim.bootId,
        sessionSeq: claim.sessionSeq,
        claimSeq: claim.claimSeq,
        names: claim.names,
        since: claim.names.map((name) => names.get(name) ?? 0),
        claim: signature
      },
      nowMs
    );
  }
  #handleChanges(nowMs) {
    for (let change = this.#replication.pollChange(); change !== void 0; change = this.#replication.pollChange())
      this.#handleChange(change, nowMs);
    for (const { identity } of this.#holdings.takeForged())
      this.#outputs.push({ kind: "noted", note: { what: "forged_claim", origin: identity } });
  }
  #handleChange(change, nowMs) {
    switch (change.kind) {
      case "said":
        this.#handleSaid(change.log, change.record, change.replaced, nowMs);
        return;
      case "dropped":
        if (change.record.holding !== void 0) this.#holdings.remove(change.record.holding);
        return;
      case "former":
        this.#hold(change.record.holding, change.heardMs + nameFreeAfterMs, nowMs);
        return;
      case "conflict":
        this.#handleConflict(change.log, change.entry, nowMs);
        return;
      case "revived":
        for (const { holding } of [...change.log.records()])
          if (holding !== void 0) this.#meetHolding(holding, nowMs);
        return;
      case "own_epoch":
        this.#published.clear();
        for (const owner of this.names.sessions()) this.#publisher.add(owner);
    }
  }
  #handleSaid(log, record, replaced, nowMs) {
    const { entry } = record;
    if (entry.kind === "release") {
      record.holding = this.#hold(replaced?.holding, record.learnedMs + entry.keepMs, nowMs);
    } else if (entry.kind === "claim") {
      if (replaced?.holding !== void 0) this.#holdings.remove(replaced.holding);
      this.#believe(log, record, nowMs);
    }
  }
  #believe(log, record, nowMs) {
    if (record.entry.kind !== "claim") return;
    const holding = this.#holdings.add(log, record.entry);
    record.holding = holding;
    if (holding === void 0) return;
    this.#noteReplacedElsewhere(holding, nowMs);
    this.#regained.handleClaim(holding);
    this.#meetHolding(holding, nowMs);
  }
  #believeAgain(log, nowMs) {
    for (const record of [...log.records()])
      if (record.holding === void 0) this.#believe(log, record, nowMs);
  }
  /** A session elsewhere is over: its names stay reserved until then. Gives what is kept. */
  #hold(holding, untilMs, nowMs) {
    if (holding === void 0 || (holding.heldUntilMs ?? Number.POSITIVE_INFINITY) <= untilMs) return holding;
    if (untilMs > nowMs) {
      this.#holdings.hold(holding, untilMs);
      this.#regained.handleLost(holding, nowMs);
      return holding;
    }
    this.#holdings.remove(holding);
    return void 0;
  }
  /** Compares what a session elsewhere holds with who owns that here. */
  #meetHolding(holding, nowMs) {
    for (const name of holding.since.keys()) {
      const owner = this.names.find(holding.claim.realm, name);
      if (owner !== void 0) this.#meet({ owner, name, holding }, nowMs);
    }
  }
  /** Of two owners of one name one gives way: the older session of one identity, or the identity that has had it for less time. */
  #meet({ owner, name, holding }, nowMs) {
    if (!isStanding(holding, nowMs)) return;
    if (holding.identityKey !== owner.identityKey) {
      const isWeak = owner.isLapsed || owner.isStandby && !this.isBacked(owner, name, nowMs);
      const isEarlier = isWeak || isBefore2(holding, owner, name);
      if (isEarlier && this.#holdings.isSigned(holding)) this.#lose(owner, holding, "name_taken");
      return;
    }
    if (!isNewer2(holding, owner) || !this.#holdings.isSigned(holding)) return;
    const newcomer = newcomerIn(holding);
    const isSameProcess = holding.bootKey === owner.bootKey;
    if (isSameProcess || !this.#contests.isContested(newcomer, nowMs)) {
      if (!isSameProcess) this.#contests.noteReplaced(newcomer, nowMs);
      this.#lose(owner, holding, "replaced");
      return;
    }
    const { log, session } = holding;
    if (this.#disputes.addForeign({ owner: owner.link, origin: log.key, session }, nowMs))
      this.#outputs.push({ kind: "probe", link: owner.link });
  }
  #lose(owner, newcomer, code) {
    const lost = this.names.yieldTo(newcomer, owner);
    this.#losses.push({ ...lost, code });
    if (lost.evicted.length > 0) this.#count(code);
  }
  #rivalHere({ names }, newcomer) {
    for (const name of names) {
      const owner = this.names.find(newcomer.realm, name);
      const isOfIdentity = owner?.identityKey === newcomer.identityKey && owner.bootKey !== newcomer.bootKey;
      if (isOfIdentity && isNewer(newcomer, owner)) return owner;
    }
    return void 0;
  }
  /** A later session of the same identity, which may be one that was killed when the clock was ahead. */
  #laterHere({ names }, newcomer) {
    for (const name of names) {
      const owner = this.names.find(newcomer.realm, name);
      const isOfIdentity = owner?.identityKey === newcomer.identityKey && owner.bootKey !== newcomer.bootKey;
      if (isOfIdentity && !isNewer(newcomer, owner)) return owner;
    }
    return void 0;
  }
  #hasRivalElsewhere({ names }, newcomer, nowMs) {
    return names.some(
      (name) => this.#holdings.at(newcomer.realm, name).some((other) => this.#isReplacing(newcomer, other, nowMs))
    );
  }
  #noteReplacedElsewhere(holding, nowMs) {
    const newcomer = newcomerIn(holding);
    for (const name of holding.since.keys()) {
      for (const other of this.#holdings.at(newcomer.realm, name)) {
        if (!this.#isReplacing(newcomer, other, nowMs) || !this.#holdings.isSigned(holding)) continue;
        this.#contests.noteReplaced(newcomer, nowMs);
        return;
      }
    }
  }
  /** Whether a standing session elsewhere gives way to a newcomer of its identity from another process. */
  #isReplacing(newcomer, other, nowMs) {
    if (other.identityKey !== newcomer.identityKey || other.bootKey === newcomer.bootKey) return false;
    if (!isStanding(other, nowMs) || other.claim.sessionSeq > newcomer.sessionSeq) return false;
    return this.#holdings.isSigned(other);
  }
  #isRefused({ newcomer, owner: link2, sinceMs, isOlder }, nowMs) {
    const owner = this.names.session(link2);
    const isAlive = owner !== void 0 && owner.names.size > 0 && owner.aliveMs > sinceMs;
    if (isOlder) {
      if (owner !== void 0 && !isAlive) this.#endSilent(owner, nowMs);
      return false;
    }
    if (isAlive) {
      this.#contests.noteRefused(newcomerOf(newcomer), nowMs);
      this.#noteConflict(link2);
    } else this.#contests.noteReplaced(newcomerOf(newcomer), nowMs);
    return isAlive;
  }
  /** Its identity keeps the names, and the time at which it got them. */
  #endSilent({ link: link2 }, nowMs) {
    this.names.removeLost(link2, nowMs);
    this.#losses.push({ evicted: [link2], superseded: [], code: "replaced" });
    this.#count("replaced");
  }
  #decideForeign(dispute, nowMs) {
    const owner = this.names.session(dispute.owner);
    const holding = this.#replication.log(dispute.origin)?.ofSession(dispute.session)?.holding;
    if (owner === void 0 || holding === void 0 || !isStanding(holding, nowMs)) return;
    const isAbout = [...holding.since.keys()].some((name) => owner.names.has(name));
    if (!isAbout || holding.identityKey !== owner.identityKey || !isNewer2(holding, owner)) return;
    const newcomer = newcomerIn(holding);
    if (dispute.stage === "asked" && owner.aliveMs > dispute.sinceMs) {
      const { realm, identity, bootId, sessionSeq } = holding.claim;
      this.#replication.publish({ kind: "conflict", realm, identity, bootId, sessionSeq }, nowMs);
      this.#contests.noteRefused(newcomer, nowMs);
      this.#disputes.protest(dispute, nowMs);
      this.#noteConflict(owner.link);
      return;
    }
    this.#contests.noteReplaced(newcomer, nowMs);
    this.#lose(owner, holding, "replaced");
  }
  /** Another relay's session answers, so a newcomer here is the second host with its key; only where this relay saw them replace each other. */
  #handleConflict(log, { realm, identity, bootId, sessionSeq }, nowMs) {
    const [identityKey, bootKey] = [bytesKey(identity), bytesKey(bootId)];
    const newcomer = { realm, identityKey, bootKey, sessionSeq };
    if (!this.#contests.isContested(newcomer, nowMs)) return;
    for (const owner of [...this.names.sessions()]) {
      if (owner.identityKey !== identityKey || owner.bootKey !== bootKey || owner.realm !== realm) continue;
      if (owner.sessionSeq !== sessionSeq || !this.#isHeldBy(log, owner, nowMs)) continue;
      this.#contests.noteRefused(newcomer, nowMs);
      this.#lose(owner, { identityKey, bootKey: "" }, "identity_conflict");
    }
  }
  /** Whether a session at that relay, of another process of the owner's identity, holds one of its names. */
  #isHeldBy(log, owner, nowMs) {
    return [...owner.names.keys()].some(
      (name) => this.#holdings.at(owner.realm, name).some((other) => other.log === log && this.#isReplacing(owner, other, nowMs))
    );
  }
  #noteConflict(link2) {
    this.#count("identity_conflict");
    this.#outputs.push({ kind: "noted", note: { what: "identity_conflict", link: link2 } });
  }
  #count(code) {
    this.conflicts.set(code, (this.conflicts.get(code) ?? 0) + 1);
  }
};
function isBefore2(holding, owner, name) {
  const theirs = holding.since.get(name);
  const ours = owner.names.get(name);
  return theirs === ours ? holding.identityKey < owner.identityKey : theirs < ours;
}
var standstillMs = 3e3;

// apps/relay/src/quota/fair-share.ts
var FairShare = class {
  #parts;
  /** Only of those that wait or have used some of their share. */
  #parties = /* @__PURE__ */ new Map();
  /** When the next wake is due that counts; earlier and later ones may come beside it. */
  #wakeAtMs = Number.POSITIVE_INFINITY;
  constructor(parts2) {
    this.#parts = parts2;
  }
  /**
   * Does this now, or later when the party has made much work; work of one party is done in order. False: so much of it waits that this is not
   * taken.
   */
  run(name, work) {
    const nowMs = this.#parts.nowMs();
    let party = this.#parties.get(name);
    if (party === void 0)
      this.#parties.set(name, party = { freeAtMs: nowMs, waiting: void 0, waitingCount: 0 });
    if (party.waiting === void 0 && party.freeAtMs <= nowMs + shareBurstMs) this.#do(party, work, nowMs);
    else {
      if (party.waitingCount >= shareWaitingMax) return false;
      party.waiting ??= new OutputQueue();
      party.waiting.push(work);
      party.waitingCount++;
    }
    this.#wakeFor(party);
    return true;
  }
  #wakeFor({ freeAtMs, waiting }) {
    const atMs = waiting === void 0 ? freeAtMs : freeAtMs - shareBurstMs;
    if (atMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = atMs;
    this.#parts.wakeAfter(Math.max(0, atMs - this.#parts.nowMs()), () => {
      if (atMs === this.#wakeAtMs) this.#wake();
    });
  }
  #wake() {
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    const untilMs = this.#parts.nowMs() + shareTurnMsMax;
    for (const [name, party] of [...this.#parties]) {
      this.#serve(party, untilMs);
      const nowMs = this.#parts.nowMs();
      if (party.waiting === void 0 && party.freeAtMs <= nowMs) this.#parties.delete(name);
      else if (party.waiting !== void 0 && party.freeAtMs > nowMs) {
        this.#parties.delete(name);
        this.#parties.set(name, party);
      }
    }
    for (const party of this.#parties.values()) this.#wakeFor(party);
  }
  #serve(party, untilMs) {
    const { waiting } = party;
    if (waiting === void 0) return;
    for (; ; ) {
      const nowMs = this.#parts.nowMs();
      if (party.freeAtMs > nowMs + shareBurstMs || nowMs >= untilMs) return;
      const next = waiting.shift();
      if (next === void 0) {
        party.waiting = void 0;
        return;
      }
      party.waitingCount--;
      if (next.isOver?.() !== true) this.#do(party, next, nowMs);
    }
  }
  #do(party, { costMs, work }, nowMs) {
    work();
    const tookMs = this.#parts.nowMs() - nowMs;
    party.freeAtMs = Math.max(party.freeAtMs, nowMs) + Math.max(costMs, tookMs) / shareOfTime;
  }
};

// apps/relay/src/quota/address-key.ts
function addressKey(host) {
  const bare = host.split("%", 1)[0].toLowerCase();
  if (!bare.includes(":")) return bare;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== void 0) return mapped;
  const [head = "", tail] = bare.split("::");
  const before = groupsOf(head);
  const after = tail === void 0 ? [] : groupsOf(tail);
  const zeros = Array.from({ length: Math.max(0, groupsMax - before.length - after.length) }, () => "0");
  const groups = [...before, ...zeros, ...after].slice(0, groupsMax / 2);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}
var groupsMax = 8;
function groupsOf(part) {
  if (part === "") return [];
  return part.split(":").flatMap((group) => group.includes(".") ? ["0", "0"] : [group]);
}

// apps/relay/src/quota/refusal.ts
function tooMany(code, scope, limit) {
  return { code, text: `${codeSentence(code)} (limit of ${owners[scope]}: ${limit})` };
}
function tooFast(code, scope, { perSecond, retryMs }) {
  const limit = `limit of ${owners[scope]}: ${perSecond} a second in the long run`;
  return { code, text: `${codeSentence(code)} (${limit}; try again in ${seconds(retryMs)})` };
}
function seconds(ms) {
  return `${Math.max(1, Math.ceil(ms / 1e3))} s`;
}
var owners = {
  identity: "this identity",
  realm: "the realm",
  address: "this address"
};

// apps/relay/src/quota/token-bucket.ts
var TokenBucket = class {
  #size;
  #tokens;
  #atMs;
  constructor(size, nowMs) {
    this.#size = size;
    this.#tokens = size.burst;
    this.#atMs = nowMs;
  }
  /** Another size from now on; what is missing stays missing. */
  resize(size, nowMs) {
    this.#earn(nowMs);
    this.#tokens += size.burst - this.#size.burst;
    this.#size = size;
  }
  /** Takes so many if they are there and answers 0; else takes none and answers the milliseconds until they are there. */
  take(tokens, nowMs) {
    this.#earn(nowMs);
    if (this.#tokens >= tokens) {
      this.#tokens -= tokens;
      return 0;
    }
    return this.#msUntil(tokens);
  }
  /** Spends so many, if need be on credit; answers the milliseconds until the credit is paid back, 0 when there is none. */
  spend(tokens, nowMs) {
    this.#earn(nowMs);
    this.#tokens -= tokens;
    return this.#tokens >= 0 ? 0 : this.#msUntil(0);
  }
  /** Gives back tokens that were taken for nothing. */
  give(tokens, nowMs) {
    this.#earn(nowMs);
    this.#tokens = Math.min(this.#size.burst, this.#tokens + tokens);
  }
  /** Whether so many are there. */
  has(tokens, nowMs) {
    this.#earn(nowMs);
    return this.#tokens >= tokens;
  }
  /** When it is full again if nothing is taken; now or earlier when it is. */
  get fullAtMs() {
    return this.#atMs + this.#msUntil(this.#size.burst);
  }
  #earn(nowMs) {
    const earned = Math.max(0, nowMs - this.#atMs) / 1e3 * this.#size.perSecond;
    this.#tokens = Math.min(this.#size.burst, this.#tokens + earned);
    this.#atMs = Math.max(this.#atMs, nowMs);
  }
  #msUntil(tokens) {
    return Math.max(0, tokens - this.#tokens) * 1e3 / this.#size.perSecond;
  }
};

// apps/relay/src/quota/hello-places.ts
var HelloPlaces = class {
  #limits;
  #random;
  /** Oldest first. */
  #places = /* @__PURE__ */ new Map();
  /** Those with places or failures; oldest first. */
  #addresses = /* @__PURE__ */ new Map();
  #nextId = 1;
  /** `random`: from 0 to 1, for the times in refusals. */
  constructor(limits, random) {
    this.#limits = limits;
    this.#random = random;
  }
  /** A connection from this host wants to say HELLO. */
  handleConnection(host, nowMs) {
    const key = addressKey(host);
    const address = this.#address(key, nowMs);
    const isSlowed = this.#isSlowed(address, nowMs);
    if (isSlowed) {
      if (nowMs < address.nextTurnMs) return this.#refusal(isSlowed);
      address.nextTurnMs = nowMs + 2e3 * this.#random() / slowedHellosPerSecond;
    }
    const isAddressFull = address.places.size >= this.#limits.unfinishedHellos;
    let evicted;
    if (isAddressFull || this.#places.size >= pendingHellosMax) {
      [evicted] = isAddressFull ? address.places : this.#places.keys();
      const ageMs = nowMs - (this.#places.get(evicted)?.startedMs ?? nowMs);
      if (ageMs < helloFairMs && !(isSlowed && isAddressFull)) return this.#refusal(isSlowed);
      this.handleOver(evicted, "failed", nowMs);
    }
    const id = this.#nextId++;
    this.#places.set(id, { address: key, startedMs: nowMs });
    address.places.add(id);
    return { isFree: true, id, evicted };
  }
  /** A HELLO is finished: `failed` counts against the address, `admitted` and `spared` (not the dialer's fault) don't. */
  handleOver(id, outcome, nowMs) {
    const place = this.#places.get(id);
    if (place === void 0) return;
    this.#places.delete(id);
    const address = this.#addresses.get(place.address);
    address?.places.delete(id);
    if (outcome === "failed") address?.failures.take(1, nowMs);
  }
  /** Forgets addresses that have neither places nor failures any more. */
  sweep(nowMs) {
    for (const [key, { places, failures }] of this.#addresses)
      if (places.size === 0 && failures.fullAtMs <= nowMs) this.#addresses.delete(key);
  }
  /** Sizes of the tables. */
  get counts() {
    return { unfinished: this.#places.size, addresses: this.#addresses.size };
  }
  /** From the last failure that was forgiven until half of them are again: somebody who fails all the time shall not change it all the time. */
  #isSlowed(address, nowMs) {
    const { failures } = address;
    const half = this.#limits.failedHellosPerSecond * failedHellosBurstSeconds / 2;
    address.isSlowed = address.isSlowed ? !failures.has(half, nowMs) : !failures.has(1, nowMs);
    return address.isSlowed;
  }
  #address(key, nowMs) {
    const known = this.#addresses.get(key);
    if (known !== void 0) return known;
    if (this.#addresses.size >= addressesMax) this.#forgetOldest();
    const perSecond = this.#limits.failedHellosPerSecond;
    const failures = new TokenBucket({ perSecond, burst: perSecond * failedHellosBurstSeconds }, nowMs);
    const address = { places: /* @__PURE__ */ new Set(), failures, isSlowed: false, nextTurnMs: 0 };
    this.#addresses.set(key, address);
    return address;
  }
  /** There are fewer places than addresses, so one of the first has none. */
  #forgetOldest() {
    for (const [key, { places }] of this.#addresses) {
      if (places.size > 0) continue;
      this.#addresses.delete(key);
      return;
    }
  }
  #refusal(isSlowed) {
    const retry = seconds(slowedRetryMs * (0.5 + this.#random()));
    const refusal = isSlowed ? {
      code: "rate_limited",
      text: `too many HELLOs from this address failed, so the relay takes few at a time from it; try again in ${retry}, and look for the node behind it that fails`
    } : {
      code: "busy",
      text: `too many connections are saying HELLO at this moment, or from this address; try again in ${retry}`
    };
    return { isFree: false, refusal };
  }
};

// apps/relay/src/quota/account.ts
var Account = class {
  scope;
  key;
  sessions = /* @__PURE__ */ new Set();
  /** How many sessions want each name. */
  names = /* @__PURE__ */ new Map();
  tunnels = 0;
  streams = 0;
  /** Refusals that are forgiven. */
  strikes;
  /** It gets no session until then. */
  refusedUntilMs = 0;
  #limits = {};
  #buckets = /* @__PURE__ */ new Map();
  constructor(scope, key, nowMs) {
    this.scope = scope;
    this.key = key;
    this.strikes = new TokenBucket({ perSecond: strikesPerSecond, burst: strikesMax }, nowMs);
  }
  /** New limits hold for what comes from now on. */
  setLimits(limits, nowMs) {
    this.#limits = limits;
    for (const [rate, seconds2] of Object.entries(quotaBurstSeconds)) {
      const perSecond = limits[rate];
      if (perSecond === void 0) {
        this.#buckets.delete(rate);
        continue;
      }
      const least = rate === "bytesPerSecond" ? bytesBurstMin : 1;
      const size = { perSecond, burst: Math.max(least, perSecond * seconds2) };
      const bucket = this.#buckets.get(rate);
      if (bucket === void 0) this.#buckets.set(rate, new TokenBucket(size, nowMs));
      else bucket.resize(size, nowMs);
    }
  }
  /** A limit of a number; infinite where there is none. */
  limit(name) {
    return this.#limits[name] ?? Number.POSITIVE_INFINITY;
  }
  /** Tokens and refill of a rate; undefined where there is no limit. */
  rate(name) {
    const bucket = this.#buckets.get(name);
    return bucket === void 0 ? void 0 : { bucket, perSecond: this.#limits[name] };
  }
  /** Sessions that count: those a newer one of the same agent has superseded don't. */
  get presentSessions() {
    let count = 0;
    for (const { isSuperseded } of this.sessions) if (!isSuperseded) count++;
    return count;
  }
  /** When nothing is left to remember. */
  get restedAtMs() {
    let atMs = Math.max(this.refusedUntilMs, this.strikes.fullAtMs);
    for (const bucket of this.#buckets.values()) atMs = Math.max(atMs, bucket.fullAtMs);
    return atMs;
  }
};
var AccountTable = class {
  #scope;
  #active = /* @__PURE__ */ new Map();
  #resting = /* @__PURE__ */ new Map();
  constructor(scope) {
    this.#scope = scope;
  }
  /** The account of a key; a new one gets these limits. */
  account(key, limits, nowMs) {
    const known = this.#active.get(key) ?? this.#resting.get(key);
    if (known !== void 0) return known;
    const account = new Account(this.#scope, key, nowMs);
    account.setLimits(limits, nowMs);
    this.#rest(account);
    return account;
  }
  add(account, session) {
    account.sessions.add(session);
    this.#resting.delete(account.key);
    this.#active.set(account.key, account);
  }
  remove(account, session) {
    if (!account.sessions.delete(session) || account.sessions.size > 0) return;
    this.#active.delete(account.key);
    this.#rest(account);
  }
  /** Forgets accounts that have rested. */
  sweep(nowMs) {
    for (const [key, account] of this.#resting) if (account.restedAtMs <= nowMs) this.#resting.delete(key);
  }
  get size() {
    return this.#active.size + this.#resting.size;
  }
  #rest(account) {
    if (this.#resting.size >= restingAccountsMax) this.#resting.delete(this.#resting.keys().next().value);
    this.#resting.set(account.key, account);
  }
};

// apps/relay/src/quota/unknown-names.ts
var UnknownNames = class {
  /** Until when; the time is the same for all, so the oldest are first. */
  #untilMs = /* @__PURE__ */ new Map();
  has(key, nowMs) {
    const untilMs = this.#untilMs.get(key);
    return untilMs !== void 0 && untilMs > nowMs;
  }
  add(key, nowMs) {
    this.#untilMs.delete(key);
    if (this.#untilMs.size >= unknownNamesMax) this.#untilMs.delete(this.#untilMs.keys().next().value);
    this.#untilMs.set(key, nowMs + unknownNameMs);
  }
  /** The name was heard of. */
  delete(key) {
    this.#untilMs.delete(key);
  }
  /** Another relay may know any of them. */
  clear() {
    this.#untilMs.clear();
  }
  /** Forgets what is over. */
  sweep(nowMs) {
    for (const [key, untilMs] of this.#untilMs) {
      if (untilMs > nowMs) return;
      this.#untilMs.delete(key);
    }
  }
  get size() {
    return this.#untilMs.size;
  }
};

// apps/relay/src/quota/quotas.ts
var Quotas = class {
  #limits;
  #random;
  #tables = {
    identity: new AccountTable("identity"),
    realm: new AccountTable("realm"),
    address: new AccountTable("address")
  };
  #sessions = /* @__PURE__ */ new Map();
  #streams = /* @__PURE__ */ new Map();
  #unknown = new UnknownNames();
  #outputs = [];
  #sweptMs = 0;
  /** `random`: from 0 to 1, for the times in refusals. */
  constructor(limits, random) {
    this.#limits = limits;
    this.#random = random;
  }
  /** Somebody has proven a HELLO; whether it may go on. */
  handleHello(party, nowMs) {
    const accounts = this.#accountsOf(party, nowMs);
    const [identity] = accounts;
    if (identity.refusedUntilMs > nowMs) return this.#refused(identity, nowMs);
    const refusal = this.#take(accounts, "hellosPerSecond", "rate_limited", nowMs);
    if (refusal?.scope === "identity") this.#strike(identity, strikeWeights.hello, nowMs);
    return refusal;
  }
  /** A session is to begin; it counts from now on unless it is refused. `names`: all it wants. */
  handleSession(session, nowMs) {
    const { link: link2, realm, granted } = session;
    const accounts = this.#accountsOf(session, nowMs);
    const [identity] = accounts;
    identity.setLimits(identityLimitsOf(this.#limits, realm, granted), nowMs);
    const names = new Set(session.names.map((name) => nameKey(realm, name)));
    const refusal = this.#sessionRefusal(accounts, names);
    if (refusal !== void 0) {
      if (refusal.scope === "identity") this.#strike(identity, strikeWeights.session, nowMs);
      return refusal;
    }
    const entry = {
      ...{ link: link2, realm, accounts, identity, names },
      isSuperseded: false,
      told: new TokenBucket({ perSecond: toldRefusalsPerSecond, burst: toldRefusalsBurst }, nowMs),
      control: new TokenBucket({ perSecond: controlPerSecond, burst: controlBurst }, nowMs)
    };
    this.#sessions.set(link2, entry);
    for (const account of accounts) {
      this.#tables[account.scope].add(account, entry);
      addNames(account, names);
    }
    return void 0;
  }
  /** A newer session of the same agent has taken the place of this one, which counts as session no more. */
  handleSuperseded(link2) {
    const entry = this.#sessions.get(link2);
    if (entry !== void 0) entry.isSuperseded = true;
  }
  /** A session wants these names from now on. */
  handleNames(link2, names, nowMs) {
    const entry = this.#sessions.get(link2);
    if (entry === void 0) return void 0;
    const wanted = new Set(names.map((name) => nameKey(entry.realm, name)));
    for (const account of entry.accounts) removeNames(account, entry.names);
    const refusal = this.#namesRefusal(entry.accounts, wanted);
    if (refusal === void 0) entry.names = wanted;
    else if (refusal.scope === "identity") this.#strike(entry.identity, strikeWeights.session, nowMs);
    for (const account of entry.accounts) addNames(account, entry.names);
    return refusal;
  }
  /** A message on the control stream of a session; `cost` in the unit of `controlPerSecond`. */
  handleControl(link2, cost, nowMs) {
    const entry = this.#sessions.get(link2);
    const retryMs = entry?.control.take(cost, nowMs) ?? 0;
    if (entry === void 0 || retryMs === 0) return void 0;
    this.#strike(entry.identity, strikeWeights.control, nowMs);
    return tooFast("rate_limited", "identity", {
      perSecond: controlPerSecond,
      retryMs: this.#retryMs(retryMs)
    });
  }
  /** A session is over. */
  handleSessionOver(link2) {
    const entry = this.#sessions.get(link2);
    if (entry === void 0) return;
    this.#sessions.delete(link2);
    for (const account of entry.accounts) {
      removeNames(account, entry.names);
      this.#tables[account.scope].remove(account, entry);
    }
  }
  /** A session opens a stream for an OPEN; it counts from now on unless it is refused, before anything of it is read. */
  handleStream(open3, link2, nowMs) {
    const session = this.#sessions.get(link2);
    if (session === void 0 || session.realm === "") return void 0;
    const { accounts, identity } = session;
    const refusal = full(accounts, "streams", "stream_limit") ?? full(accounts, "tunnels", "tunnel_limit") ?? this.#take(accounts, "opensPerSecond", "open_rate", nowMs);
    if (refusal !== void 0) {
      if (refusal.scope === "identity") this.#strike(identity, strikeWeights.stream, nowMs);
      return { code: refusal.code, text: refusal.text, isTold: session.told.take(1, nowMs) === 0 };
    }
    this.#streams.set(open3, { session, state: "opening", asking: void 0 });
    for (const account of accounts) {
      account.streams++;
      account.tunnels++;
    }
    return void 0;
  }
  /**
   * A stream's OPEN has come. `isKnown`: this relay knows the name itself. `isForAll`: the OPEN excludes no session, so what comes of
   * it holds for others.
   */
  handleOpen(open3, wanted, nowMs) {
    const stream = this.#streams.get(open3);
    if (stream?.state !== "opening") return void 0;
    const { session } = stream;
    stream.state = "open";
    for (const account of session.accounts) account.streams--;
    if (wanted.isKnown) return void 0;
    const { isForAll } = wanted;
    const key = askedKey(session.realm, wanted);
    if (isForAll && this.#unknown.has(key, nowMs))
      return { code: "not_found", text: codeSentence("not_found") };
    const refusal = this.#take(session.accounts, "unknownNamesPerSecond", "unknown_names", nowMs);
    if (refusal === void 0) stream.asking = { key, isForAll };
    return refusal;
  }
  /** An OPEN is answered: with OPEN_OK (`ok`) or a code. */
  handleAnswer(open3, code, nowMs) {
    const stream = this.#streams.get(open3);
    if (stream === void 0 || stream.state === "refused") return;
    const { session, asking, state } = stream;
    stream.asking = void 0;
    if (code !== "ok") {
      for (const account of session.accounts) {
        account.tunnels--;
        if (state === "open") account.streams++;
      }
      stream.state = "refused";
    }
    if (asking === void 0) return;
    if (code !== "not_found") {
      for (const account of session.accounts) account.rate("unknownNamesPerSecond")?.bucket.give(1, nowMs);
    } else if (asking.isForAll) this.#unknown.add(asking.key, nowMs);
  }
  /** A stream is over. */
  handleStreamOver(open3) {
    const stream = this.#streams.get(open3);
    if (stream === void 0) return;
    this.#streams.delete(open3);
    for (const account of stream.session.accounts) {
      if (stream.state !== "open") account.streams--;
      if (stream.state !== "refused") account.tunnels--;
    }
  }
  /** Bytes came from a session for its tunnels; answers how long not to read on, milliseconds. */
  handleBytes(link2, bytes, nowMs) {
    let waitMs = 0;
    for (const account of this.#sessions.get(link2)?.accounts ?? [])
      waitMs = Math.max(waitMs, account.rate("bytesPerSecond")?.bucket.spend(bytes, nowMs) ?? 0);
    return waitMs;
  }
  /** A name was heard of through another relay. */
  handleHeardOf(realm, name) {
    this.#unknown.delete(askedKey(realm, { realm, to: name }));
  }
  /** There is another relay to ask. */
  handlePeerUp() {
    this.#unknown.clear();
  }
  /** Forgets what has become of no account. */
  handleTimeout(nowMs) {
    if (nowMs - this.#sweptMs < quotaSweepMs) return;
    this.#sweptMs = nowMs;
    this.#unknown.sweep(nowMs);
    for (const table2 of Object.values(this.#tables)) table2.sweep(nowMs);
  }
  /** When `handleTimeout` must be called next. */
  pollTimeout() {
    const { accounts, unknownNames } = this.counts;
    return accounts + unknownNames === 0 ? void 0 : { atMs: this.#sweptMs + quotaSweepMs, why: "sweep" };
  }
  /** The next thing to do, or undefined. */
  pollOutput() {
    return this.#outputs.shift();
  }
  /** Sizes of the tables. */
  get counts() {
    const { identity, realm, address } = this.#tables;
    return {
      accounts: identity.size + realm.size + address.size,
      sessions: this.#sessions.size,
      streams: this.#streams.size,
      unknownNames: this.#unknown.size
    };
  }
  #accountsOf({ identity, realm, host }, nowMs) {
    const { unfinishedHellos: _, failedHellosPerSecond: __, ...addressLimits } = this.#limits.address;
    const others = [
      ["realm", realm, realm === "" ? {} : realmLimitsOf(this.#limits, realm)],
      ["address", addressKey(host), addressLimits]
    ];
    return [
      this.#tables.identity.account(identity, identityLimitsOf(this.#limits, realm), nowMs),
      ...others.filter(([, , limits]) => Object.values(limits).some((limit) => limit !== void 0)).map(([scope, key, limits]) => this.#tables[scope].account(key, limits, nowMs))
    ];
  }
  #sessionRefusal(accounts, names) {
    const [identity] = accounts;
    const replaced = [...identity?.sessions ?? []].filter(
      (session) => !session.isSuperseded && sharesAny(session.names, names)
    );
    for (const account of accounts) {
      const gone = replaced.filter((session) => account.sessions.has(session)).length;
      const limit = account.limit("sessions");
      if (account.presentSessions - gone >= limit)
        return { ...tooMany("session_limit", account.scope, limit), scope: account.scope };
    }
    return this.#namesRefusal(accounts, names);
  }
  #namesRefusal(accounts, names) {
    for (const account of accounts) {
      const limit = account.limit("names");
      let count = account.names.size;
      for (const name of names) if (!account.names.has(name)) count++;
      if (count > limit && count > account.names.size)
        return { ...tooMany("name_limit", account.scope, limit), scope: account.scope };
    }
    return void 0;
  }
  #take(accounts, rate, code, nowMs) {
    for (const account of accounts) {
      const limited = account.rate(rate);
      const retryMs = limited?.bucket.take(1, nowMs) ?? 0;
      if (limited === void 0 || retryMs === 0) continue;
      const { perSecond } = limited;
      const { scope } = account;
      return { ...tooFast(code, scope, { perSecond, retryMs: this.#retryMs(retryMs) }), scope };
    }
    return void 0;
  }
  /** Notes a refusal; an identity with too many of them loses its sessions, and gets none for a while. */
  #strike(identity, weight, nowMs) {
    if (identity.refusedUntilMs > nowMs || identity.strikes.take(weight, nowMs) === 0) return;
    identity.refusedUntilMs = nowMs + refusedIdentityMs;
    identity.strikes.give(Number.POSITIVE_INFINITY, nowMs);
    const refusal = this.#refused(identity, nowMs);
    for (const session of identity.sessions)
      this.#outputs.push({ kind: "close", link: session.link, ...refusal });
  }
  #refused(identity, nowMs) {
    const retry = seconds(this.#retryMs(identity.refusedUntilMs - nowMs));
    const text3 = `this identity went on although it was refused again and again, so the relay takes nothing of it for a while; find what the node does in a loop, and try again in ${retry}`;
    return { code: "rate_limited", text: text3 };
  }
  /** Up to half as long again, so that those who were refused together don't come back together. */
  #retryMs(ms) {
    return Math.max(ms, retryMsMin) * (1 + this.#random() / 2);
  }
};
function full(accounts, count, code) {
  for (const account of accounts) {
    const limit = account.limit(count);
    if (account[count] >= limit) return { ...tooMany(code, account.scope, limit), scope: account.scope };
  }
  return void 0;
}
function nameKey(realm, name) {
  return `${realm}\0${name}`;
}
function askedKey(own, { realm, to }) {
  return `${own}\0${realm}\0${to}`;
}
function sharesAny(a, b) {
  for (const name of a) if (b.has(name)) return true;
  return false;
}
function addNames({ names }, added) {
  for (const name of added) names.set(name, (names.get(name) ?? 0) + 1);
}
function removeNames({ names }, removed) {
  for (const name of removed) {
    const count = (names.get(name) ?? 0) - 1;
    if (count > 0) names.set(name, count);
    else names.delete(name);
  }
}

// apps/relay/src/quota/limiter.ts
var Limiter = class {
  quotas;
  helloPlaces;
  /** Sessions that a limit has ended, by code, since the start. */
  endedSessions = /* @__PURE__ */ new Map();
  #share;
  #unfinished = /* @__PURE__ */ new Map();
  #parts;
  constructor(limits, parts2) {
    this.quotas = new Quotas(limits, parts2.random);
    this.helloPlaces = new HelloPlaces(limits.address, parts2.random);
    this.#parts = parts2;
    this.#share = new FairShare({
      nowMs: parts2.nowMs,
      wakeAfter: (ms, go) => void (ms === 0 ? setImmediate(go) : setTimeout(go, Math.ceil(ms)).unref())
    });
  }
  /** A connection was accepted; whether it may begin its HELLO. */
  connection({ remoteAddress }) {
    const place = this.helloPlaces.handleConnection(remoteAddress.host, this.#parts.nowMs());
    if (!place.isFree) return place.refusal;
    const { id, evicted } = place;
    let isOver = false;
    if (evicted !== void 0)
      this.#unfinished.get(evicted)?.("hello_timeout", "HELLO took long, and others wait for the place");
    return {
      holds: (end2) => {
        if (!isOver) this.#unfinished.set(id, end2);
      },
      over: (code) => {
        isOver = true;
        this.#unfinished.delete(id);
        this.helloPlaces.handleOver(id, outcomeOf(code), this.#parts.nowMs());
      }
    };
  }
  /** A HELLO is proven. */
  hello(connection, proven) {
    const party = partyOf(connection, proven);
    return this.#ask((nowMs) => this.quotas.handleHello(party, nowMs));
  }
  /** A session is to begin; it counts unless it is refused. */
  session(link2, {
    connection,
    proven,
    granted
  }) {
    const { names } = proven.hello;
    const session = { ...partyOf(connection, proven), link: link2, names, granted };
    return this.#ask((nowMs) => this.quotas.handleSession(session, nowMs));
  }
  /** A frame has come on a session's control stream; false: it must not be read, and the session is closed. */
  control(session, type) {
    if (session.facts.role === "relay") return true;
    const cost = type === messageTypes.names ? controlCostOfNames : 1;
    return this.#allows(session, (nowMs) => this.quotas.handleControl(session.facts.link, cost, nowMs));
  }
  /**
   * Does what an agent makes necessary: now, or later when it has made much. False: so much waits that this is not taken. Nothing is done for a
   * session that is over meanwhile.
   */
  inShare(session, kind, work) {
    if (session.facts.role === "relay") {
      work();
      return true;
    }
    const costMs = workCostMs[kind];
    return this.#share.run(`${kind === "names" ? "names" : "opens"} ${session.id}`, {
      ...{ costMs, work, isOver: () => session.isClosed }
    });
  }
  /** A session wants these names from now on; false: it may not, and is closed. */
  names(session, names) {
    return this.#allows(session, (nowMs) => this.quotas.handleNames(session.facts.link, names, nowMs));
  }
  stream(open3, { facts }) {
    return this.#ask((nowMs) => this.quotas.handleStream(open3, facts.link, nowMs));
  }
  /** An OPEN has come. */
  open(input) {
    const { facts } = input.session;
    const { realm, from, to, exclude } = input.message;
    if (facts.role === "relay") this.quotas.handleHeardOf(realm, from);
    const isKnown = realm === facts.realm && this.#parts.knows(realm, to);
    const wanted = { realm, to, isKnown, isForAll: exclude.length === 0 };
    return this.#ask((nowMs) => this.quotas.handleOpen(input.open, wanted, nowMs));
  }
  answered(open3, code) {
    this.quotas.handleAnswer(open3, code, this.#parts.nowMs());
  }
  streamOver(open3) {
    this.quotas.handleStreamOver(open3);
  }
  /** Bytes came from a session for its tunnels; answers how long not to read on, milliseconds. */
  bytes({ facts }, bytes) {
    return this.quotas.handleBytes(facts.link, bytes, this.#parts.nowMs());
  }
  /** Called about every second. */
  sweep() {
    this.helloPlaces.sweep(this.#parts.nowMs());
    this.quotas.handleTimeout(this.#parts.nowMs());
  }
  #allows(session, ask) {
    const refusal = this.#ask(ask);
    if (refusal !== void 0) this.#end(session, refusal);
    return refusal === void 0;
  }
  #ask(ask) {
    const answer2 = ask(this.#parts.nowMs());
    for (let output = this.quotas.pollOutput(); output !== void 0; output = this.quotas.pollOutput()) {
      const session = this.#parts.sessionOf(output.link);
      if (session !== void 0) this.#end(session, output);
    }
    return answer2;
  }
  #end(session, { code, text: text3 }) {
    if (session.isClosed) return;
    this.endedSessions.set(code, (this.endedSessions.get(code) ?? 0) + 1);
    session.close(code, text3);
  }
};
function outcomeOf(code) {
  if (code === void 0) return "admitted";
  return code === "busy" || code === "draining" ? "spared" : "failed";
}
function partyOf(connection, { hello: hello2 }) {
  const realm = hello2.role === "agent" ? hello2.realm : "";
  return { identity: identityId(hello2.identity), realm, host: connection.remoteAddress.host };
}

// apps/relay/src/routing/agent-open.ts
function withinRealm(session, message2) {
  if (session === void 0 || message2.realm === session.realm) return message2;
  return { ...message2, realm: session.realm, to: nobodysName };
}
function refusalOfAgent(names, link2, message2) {
  const session = names.session(link2);
  if (session === void 0) return "not_found";
  const named = names.find(message2.realm, message2.from);
  return named !== void 0 && named.identityKey !== session.identityKey ? "name_taken" : void 0;
}
function withSource(session, { source: _said, ...message2 }) {
  return session === void 0 ? message2 : { ...message2, source: session.identity };
}
function forAgent({ hints: _hints, ...message2 }) {
  return { ...message2, visited: [], hopsLeft: 0, exclude: [] };
}
function isHintedAt({ hints = [] }, relay) {
  const key = bytesKey(relay);
  return hints.some((hint) => bytesKey(hint) === key);
}
function ownerFor(names, { realm, to, exclude }) {
  const owner = names.find(realm, to);
  if (owner === void 0 || exclude.length === 0) return owner;
  const tagKey = bytesKey(owner.tag);
  return exclude.some((tag2) => bytesKey(tag2) === tagKey) ? void 0 : owner;
}
var nobodysName = "nobody\0@nowhere";

// apps/relay/src/routing/opens-table.ts
var OpensTable = class {
  #opens = /* @__PURE__ */ new Map();
  #byLink = /* @__PURE__ */ new Map();
  #paths = /* @__PURE__ */ new Set();
  add(pending) {
    this.#opens.set(pending.open, pending);
    this.#paths.add(pending.pathKey);
    addTo(this.#byLink, pending.link, pending.open);
  }
  delete(pending) {
    this.#opens.delete(pending.open);
    this.#paths.delete(pending.pathKey);
    removeFrom(this.#byLink, pending.link, pending.open);
  }
  at(open3) {
    return this.#opens.get(open3);
  }
  /** Whether one with this path waits. */
  hasPath(pathKey) {
    return this.#paths.has(pathKey);
  }
  /** Those that came over a link. */
  ofLink(link2) {
    return [...this.#byLink.get(link2) ?? []];
  }
  /** The oldest, whose deadline is the first. */
  get oldest() {
    const [pending] = this.#opens.values();
    return pending;
  }
  /** Why another one of this link isn't taken now. */
  refusal(link2) {
    const isFull = this.#opens.size >= pendingOpensMax || (this.#byLink.get(link2)?.size ?? 0) >= pendingOpensPerLinkMax;
    return isFull ? "busy" : void 0;
  }
  get size() {
    return this.#opens.size;
  }
};

// apps/relay/src/routing/pending-open.ts
function noteFailure(pending, failure) {
  if (pending.failure === void 0 || rank2(failure.code) > rank2(pending.failure.code)) {
    pending.failure = failure;
  }
}
function rank2(code) {
  switch (code) {
    case "not_here":
    case "not_found":
      return 0;
    case "hop_limit":
      return 1;
    case "relay_lost":
    case "timeout":
    case "busy":
    case "draining":
      return 2;
    default:
      return 3;
  }
}

// apps/relay/src/routing/standby-turns.ts
var StandbyTurns = class {
  /** When each one's turn is, in that order. */
  #turns = /* @__PURE__ */ new Map();
  add(open3, nowMs) {
    this.#turns.set(open3, nowMs + standbyTurnMs);
  }
  /** It was answered, or nobody waits for it any more. */
  delete(open3) {
    this.#turns.delete(open3);
  }
  /** Those whose turn it is; they are forgotten. */
  takeDue(nowMs) {
    const due = [];
    for (const [open3, atMs] of this.#turns) {
      if (atMs > nowMs) break;
      due.push(open3);
    }
    for (const open3 of due) this.#turns.delete(open3);
    return due;
  }
  /** When the next one's turn is. */
  pollTimeout() {
    const [atMs] = this.#turns.values();
    return atMs;
  }
};

// apps/relay/src/routing/router.ts
var Router = class {
  #identity;
  #openTimeoutMs;
  #hopLimit;
  #ownership;
  #names;
  #peers;
  #opens = new OpensTable();
  #legs = /* @__PURE__ */ new Map();
  #legsByLink = /* @__PURE__ */ new Map();
  /** Legs to silent sessions and when they are given up; insertion order is order of time. */
  #probes = /* @__PURE__ */ new Map();
  #standbyTurns = new StandbyTurns();
  #outputs = new OutputQueue();
  #nextLeg = 1;
  constructor(options) {
    this.#identity = options.identity;
    this.#openTimeoutMs = options.openTimeoutMs ?? openTimeoutMsDefault;
    this.#hopLimit = options.hopLimit ?? hopLimitDefault;
    this.#ownership = options.ownership;
    this.#names = options.ownership?.names ?? new NamesTable();
    this.#peers = options.ownership?.peers ?? new PeersTable(options.identity);
  }
  /** An agent has proven its HELLO; answered by `admitted` or `refused`, after a while where two hosts seem to use one key. */
  handleAgentUp(session, nowMs) {
    const rival = this.#ownership?.handleNewcomer(session, nowMs);
    if (rival === void 0) this.#admit(session, nowMs);
    else this.#outputs.push({ kind: "probe", link: rival });
    this.#settle(nowMs);
  }
  /** An agent adds and withdraws names; answered by `names_done`. Withdrawing comes first, and before it a standby's becoming primary. */
  handleNames(link2, names, nowMs) {
    const owner = this.#names.session(link2);
    if (owner === void 0) return;
    this.#names.noteAlive(owner, nowMs);
    if (owner.isSuperseded) {
      if (names.sessionSeq === void 0)
        this.#outputs.push({ kind: "names_done", link: link2, request: names.request, taken: [] });
      else this.#loseNames({ evicted: [this.#names.remove(link2).link] }, nowMs, "superseded");
      return;
    }
    if (names.sessionSeq !== void 0) this.#names.promote(owner, names.sessionSeq);
    this.#names.release(owner, names.remove);
    const outcome = this.#names.claim(owner, names.add, nowMs);
    if (outcome === void 0) {
      this.#names.remove(link2);
      this.#forgetLink(link2, nowMs);
      this.#outputs.push({ kind: "evicted", link: link2, code: "protocol_error", text: "too many names" });
      this.#settle(nowMs);
      return;
    }
    this.#loseNames(outcome, nowMs);
    const taken = [...outcome.taken, ...outcome.stale];
    this.#outputs.push({ kind: "names_done", link: link2, request: names.request, taken });
    this.#settle(nowMs);
  }
  /** An agent says that its older sessions are over. */
  handleFormerGone(link2, nowMs) {
    const owner = this.#names.session(link2);
    if (owner === void 0 || owner.isSuperseded) return;
    this.#loseNames({ evicted: this.#names.removeSuperseded(owner) }, nowMs);
  }
  /** A peering stands. */
  handlePeerUp(peer, nowMs) {
    this.#peers.add(peer);
    this.#ownership?.handlePeerUp(peer, nowMs);
  }
  /**
   * A link is gone, with everything that was in flight over it. Without GOODBYE an agent's names stay reserved for its identity until 15 s
   * after its last sign of life.
   */
  handleLinkDown(link2, nowMs, ending = "lost") {
    if (ending === "goodbye") this.#names.remove(link2);
    else this.#names.removeLost(link2, nowMs);
    this.#peers.remove(link2);
    this.#ownership?.handleLinkDown(link2);
    this.#forgetLink(link2, nowMs);
    this.#settle(nowMs);
  }
  /** Something was heard from an agent. */
  handleAlive(link2, nowMs) {
    const owner = this.#names.session(link2);
    if (owner !== void 0) this.#names.noteAlive(owner, nowMs);
  }
  /** A relay says, or passes on, who owns names. */
  handleOwned(link2, message2, nowMs) {
    if (message2.kind === "owned") this.#ownership?.handleOwned(link2, message2, nowMs);
    else this.#ownership?.handleHave(link2, message2, nowMs);
    this.#settle(nowMs);
  }
  /** Some relays may not belong to the mesh any more. */
  handleAdmissionChanged() {
    this.#ownership?.handleAdmissionChanged();
  }
  /** A stream began with OPEN; answered by `accept` or `fail`. */
  handleOpen(input, nowMs) {
    const { open: open3, link: link2 } = input;
    const fromPeer = this.#peers.has(link2);
    const message2 = fromPeer ? input.message : withSource(this.#names.session(link2), withinRealm(this.#names.session(link2), input.message));
    const pathKey = bytesKey(message2.pathId);
    const refusal = (fromPeer ? void 0 : refusalOfAgent(this.#names, link2, message2)) ?? this.#opens.refusal(link2);
    const isCopy = this.#opens.hasPath(pathKey);
    if (isCopy || refusal !== void 0) {
      this.#answer(open3, refusal ?? (fromPeer ? "not_here" : "protocol_error"));
      return;
    }
    const pending = {
      open: open3,
      link: link2,
      message: message2,
      pathKey,
      fromPeer,
      hopsLeft: Math.min(message2.hopsLeft, this.#hopLimit - (fromPeer ? 2 : 1)),
      deadlineMs: nowMs + this.#openTimeoutMs,
      stage: "local",
      legs: /* @__PURE__ */ new Map(),
      failure: void 0
    };
    this.#opens.add(pending);
    const owner = ownerFor(this.#names, message2);
    if (owner !== void 0 && this.#isOwnersTurn(owner, pending, nowMs)) this.#standbyTurns.add(open3, nowMs);
    else this.#forwardLocally(pending, owner, nowMs);
  }
  /** The opener of an OPEN in flight has reset or lost its stream. */
  handleOpenerGone(open3, code) {
    const pending = this.#opens.at(open3);
    if (pending !== void 0) this.#end(pending, code);
  }
  /** A leg was answered with OPEN_OK; `via` is what it says, which counts only from a peer. */
  handleOpenOk(leg, answer2, via) {
    const pending = this.#legs.get(leg);
    if (pending === void 0) return;
    const link2 = pending.legs.get(leg);
    this.#forgetLeg(leg);
    this.#end(pending, "ok");
    this.#outputs.push({ kind: "accept", open: pending.open, leg, answer: answer2, via: this.#viaOf(link2, via) });
  }
  /** A leg was answered with OPEN_FAILED, or its stream ended (`relay_lost` when nothing better is known). */
  handleLegFailed(leg, failure, nowMs) {
    const pending = this.#legs.get(leg);
    if (pending === void 0) return;
    const { code } = failure;
    const link2 = pending.legs.get(leg);
    this.#forgetLeg(leg);
    if (pending.stage === "local" && (code === "not_here" || code === "relay_lost")) {
      const owner = ownerFor(this.#names, pending.message);
      this.#forwardLocally(pending, owner?.link === link2 ? void 0 : owner, nowMs);
      return;
    }
    noteFailure(pending, { ...failure, via: this.#viaOf(link2, failure.via) });
    if (pending.legs.size === 0) this.#failAll(pending);
  }
  /** Gives up what has waited too long. */
  handleTimeout(nowMs) {
    for (const [leg, { link: link2, sentMs }] of [...this.#probes]) {
      if (sentMs + ghostProbeMs > nowMs) break;
      const owner = this.#names.session(link2);
      this.#probes.delete(leg);
      if (owner !== void 0 && owner.aliveMs >= sentMs) continue;
      this.#outputs.push({ kind: "cancel", leg, code: "timeout" });
      this.handleLegFailed(leg, { code: "not_here", text: "the session does not answer" }, nowMs);
    }
    for (const open3 of this.#standbyTurns.takeDue(nowMs)) {
      const pending = this.#opens.at(open3);
      this.#forwardLocally(pending, ownerFor(this.#names, pending.message), nowMs);
    }
    for (let pending = this.#opens.oldest; pending !== void 0; pending = this.#opens.oldest) {
      if (pending.deadlineMs > nowMs) break;
      const [link2] = pending.stage === "local" ? pending.legs.values() : [];
      this.#end(pending, "timeout");
      this.#answer(pending.open, "timeout", void 0, this.#viaOf(link2, void 0));
    }
    this.#ownership?.handleTimeout(nowMs);
    for (const { session, isRefused } of this.#ownership?.takeDecided(nowMs) ?? []) {
      if (isRefused) this.#refuse(session.link, "identity_conflict", session.names);
      else this.#admit(session, nowMs);
    }
    this.#settle(nowMs);
  }
  /** The next thing to do, or undefined. */
  pollOutput() {
    return this.#outputs.shift() ?? this.#ownership?.pollOutput();
  }
  /** When `handleTimeout` must be called next. */
  pollTimeout() {
    const [probe] = this.#probes.values();
    const never4 = Number.POSITIVE_INFINITY;
    const timeouts = [
      { atMs: probe === void 0 ? never4 : probe.sentMs + ghostProbeMs, why: "probe" },
      { atMs: this.#opens.oldest?.deadlineMs ?? never4, why: "open" },
      { atMs: this.#standbyTurns.pollTimeout() ?? never4, why: "standby" },
      { atMs: this.#ownership?.pollTimeout() ?? never4, why: "names" }
    ];
    const next = timeouts.reduce((first2, other) => other.atMs < first2.atMs ? other : first2);
    return next.atMs === never4 ? void 0 : next;
  }
  /** Names an agent's session owns now. */
  namesOf(link2) {
    return [...this.#names.session(link2)?.names.keys() ?? []];
  }
  /** Whether an agent's session stands by for another one of its process. */
  isStandby(link2) {
    return this.#names.session(link2)?.isStandby === true;
  }
  /** Whether somebody is known to have this name, here or at another relay. */
  knows(realm, name) {
    return this.#names.find(realm, name) !== void 0 || this.#ownership?.knows(realm, name) === true;
  }
  /** Whether OPENs to the relay at the end of this link use this link. */
  isChosenPeer(link2) {
    return this.#peers.isChosen(link2);
  }
  /** Sizes of the tables; `sessions` without those that are superseded. */
  get counts() {
    return {
      sessions: this.#names.size,
      superseded: this.#names.supersededCount,
      standbys: this.#names.standbyCount,
      peers: this.#peers.size,
      opens: this.#opens.size,
      legs: this.#legs.size
    };
  }
  #admit(session, nowMs) {
    const outcome = this.#names.admit(session, nowMs);
    const { link: link2 } = session;
    if (outcome.taken.length > 0) {
      this.#refuse(link2, "name_taken", outcome.taken);
    } else if (outcome.stale.length > 0) {
      this.#refuse(link2, "replaced", outcome.stale);
    } else {
      this.#outputs.push({ kind: "admitted", link: link2 });
      this.#loseNames(outcome, nowMs);
    }
  }
  /** Tells other relays what has changed here, and ends sessions whose names are owned elsewhere. */
  #settle(nowMs) {
    this.#ownership?.publishChanges(nowMs);
    for (const loss of this.#ownership?.takeLosses() ?? []) this.#loseNames(loss, nowMs, loss.code);
  }
  /** The tag of our own session at the end of a link, whatever that says; else what the peer says. */
  #viaOf(link2, said) {
    if (link2 === void 0) return void 0;
    return this.#peers.has(link2) ? said : this.#names.session(link2)?.tag;
  }
  /** Whether the session here only stands by, and the owner of the name is left to answer first at its own relay. */
  #isOwnersTurn(owner, { fromPeer, message: message2 }, nowMs) {
    if (!fromPeer || !owner.isStandby || isHintedAt(message2, this.#identity)) return false;
    return this.#ownership?.isBacked(owner, message2.to, nowMs) === true;
  }
  #forwardLocally(pending, owner, nowMs) {
    if (owner === void 0) {
      this.#forwardToPeers(pending);
      return;
    }
    const { link: link2 } = owner;
    const leg = this.#addLeg(pending, link2);
    this.#outputs.push({ kind: "forward", leg, link: link2, message: forAgent(pending.message) });
    if (nowMs - owner.aliveMs > ghostSilenceMs) this.#probe(link2, [leg], nowMs);
  }
  /** Pings a session; the legs are given up when it gives no sign of life in time. */
  #probe(link2, legs, nowMs) {
    for (const leg of legs) if (!this.#probes.has(leg)) this.#probes.set(leg, { link: link2, sentMs: nowMs });
    this.#outputs.push({ kind: "probe", link: link2 });
  }
  #forwardToPeers(pending) {
    pending.stage = "peers";
    const { visited } = pending.message;
    const room = visitedRelaysMax - visited.length - 1;
    const peers = this.#peers.askable(visited, pending.link).slice(0, Math.max(0, room));
    if (peers.length > 0 && pending.hopsLeft <= 0)
      noteFailure(pending, { code: "hop_limit", text: codeSentence("hop_limit") });
    if (peers.length === 0 || pending.hopsLeft <= 0) {
      this.#failAll(pending);
      return;
    }
    const message2 = {
      ...pending.message,
      visited: [...visited, this.#identity, ...peers.map((peer) => peer.identity)],
      hopsLeft: pending.hopsLeft - 1
    };
    for (const { link: link2 } of peers) {
      this.#outputs.push({ kind: "forward", leg: this.#addLeg(pending, link2), link: link2, message: message2 });
    }
  }
  #failAll(pending) {
    this.#end(pending, "ok");
    const { code, text: text3, via } = pending.failure ?? { code: "not_found", text: "" };
    const unknown = code === "not_found" || code === "not_here";
    const told = unknown ? pending.fromPeer ? "not_here" : "not_found" : code;
    this.#answer(pending.open, told, told === code ? text3 : void 0, unknown ? void 0 : via);
  }
  #answer(open3, code, text3, via) {
    const said = via === void 0 ? {} : { via };
    this.#outputs.push({ kind: "fail", open: open3, code, text: text3 || codeSentence(code), ...said });
  }
  #refuse(link2, code, names) {
    const text3 = `${codeSentence(code)} (${names.slice(0, 3).join(", ")})`;
    this.#outputs.push({ kind: "refused", link: link2, code, text: text3 });
  }
  #loseNames(lost, nowMs, code = "replaced") {
    const { superseded = [], evicted = [], lapsed = [] } = lost;
    for (const link2 of superseded) {
      this.#outputs.push({ kind: "superseded", link: link2 });
      this.#probe(link2, this.#legsByLink.get(link2) ?? [], nowMs);
    }
    for (const link2 of evicted) this.#evict(link2, code, nowMs);
    for (const link2 of lapsed) this.#evict(link2, "name_taken", nowMs);
  }
  #evict(link2, code, nowMs) {
    this.#outputs.push({ kind: "evicted", link: link2, code, text: codeSentence(code) });
    this.#forgetLink(link2, nowMs);
  }
  #forgetLink(link2, nowMs) {
    for (const open3 of this.#opens.ofLink(link2)) this.handleOpenerGone(open3, "relay_lost");
    for (const leg of [...this.#legsByLink.get(link2) ?? []]) {
      this.handleLegFailed(leg, { code: "relay_lost", text: codeSentence("relay_lost") }, nowMs);
    }
  }
  /** Forgets an OPEN and cancels what is still asked for it. */
  #end(pending, code) {
    for (const leg of [...pending.legs.keys()]) {
      this.#forgetLeg(leg);
      this.#outputs.push({ kind: "cancel", leg, code });
    }
    this.#opens.delete(pending);
    this.#standbyTurns.delete(pending.open);
  }
  #addLeg(pending, link2) {
    const leg = this.#nextLeg++;
    pending.legs.set(leg, link2);
    this.#legs.set(leg, pending);
    addTo(this.#legsByLink, link2, leg);
    return leg;
  }
  #forgetLeg(leg) {
    const pending = this.#legs.get(leg);
    if (pending === void 0) return;
    removeFrom(this.#legsByLink, pending.legs.get(leg), leg);
    pending.legs.delete(leg);
    this.#legs.delete(leg);
    this.#probes.delete(leg);
  }
};

// apps/relay/src/routing/session-tag.ts
var label = new TextEncoder().encode("macula session tag");
var tagBytes = 16;
function tagOf({
  realm,
  identity,
  bootId
}) {
  const parts2 = [identity, bootId, new TextEncoder().encode(realm)];
  return hmacSha256(label, parts2).slice(0, tagBytes);
}

// apps/relay/src/session/control-channel.ts
var ControlChannel2 = class {
  /** May be exchanged at any time, also from within a handler. */
  handlers;
  /** Bytes the peer may send in all; lifted once its HELLO is proven. */
  bytesMax = helloBytesMax;
  /** Asked for every frame, by its type, before it is decoded; false: it is not read, since the session is being closed. */
  mayRead = () => true;
  /** Does the work that a frame of this type makes, now or later; what comes behind it waits. */
  inShare = (_, work) => work();
  #bytesReceived = 0;
  #stream;
  #reader = new FrameReader();
  #broken = false;
  #isWaiting = false;
  constructor(stream, handlers) {
    this.handlers = handlers;
    this.#stream = stream;
    stream.priority = "control";
    stream.start({
      onData: (bytes) => this.#handleData(bytes),
      onEnd: () => this.#break(new WireError("unexpected_message", "the control stream was ended")),
      onDrain: () => {
      },
      onClosed: (reason) => {
        if (reason.kind !== "lost")
          this.#break(new WireError("unexpected_message", "the control stream is closed"));
      }
    });
  }
  /** Sends a message; a peer that doesn't read its control stream is broken. */
  send(message2) {
    if (!this.#broken) this.sendFrame(encodeMessage(message2));
  }
  /** Sends a message that is encoded already. */
  sendFrame(frame) {
    if (this.#broken) return;
    this.#stream.write(frame);
    if (this.#stream.bufferedBytes > controlBufferBytesMax) {
      this.#break(new WireError("unexpected_message", "the peer does not read its control stream"));
    }
  }
  /** Bytes that wait for the peer to read them. */
  get bufferedBytes() {
    return this.#stream.bufferedBytes;
  }
  /** Says GOODBYE, then closes the connection after a moment, so that the message arrives. */
  closeConnection(connection, code, text3) {
    const isBroken = this.#broken;
    this.#broken = true;
    if (!isBroken) this.#stream.write(encodeMessage({ kind: "goodbye", code, text: text3 }));
    setTimeout(() => connection.close(codeNumber(code), text3), goodbyeLingerMs).unref();
  }
  /** Nothing is delivered or sent any more. */
  stop() {
    this.#broken = true;
  }
  #handleData(bytes) {
    if (this.#broken) return;
    this.#bytesReceived += bytes.length;
    if (this.#bytesReceived > this.bytesMax) {
      this.#break(new WireError("unexpected_message", "too many bytes before HELLO"));
      return;
    }
    this.#reader.push(bytes);
    this.#readOn();
  }
  #readOn() {
    while (!this.#broken && !this.#isWaiting) {
      try {
        const frame = this.#reader.next();
        if (frame === void 0 || !this.mayRead(frame.type)) return;
        this.#isWaiting = true;
        let isLater = false;
        this.inShare(frame.type, () => {
          this.#isWaiting = false;
          this.#handleFrame(frame);
          if (!isLater) return;
          this.#stream.resume();
          this.#readOn();
        });
        isLater = true;
      } catch (thrown) {
        this.#breakFor(thrown);
      }
    }
    if (this.#isWaiting) this.#stream.pause();
  }
  #handleFrame(frame) {
    if (this.#broken) return;
    try {
      const message2 = decodeMessage(frame);
      if (message2 !== void 0) this.handlers.onMessage(message2);
    } catch (thrown) {
      this.#breakFor(thrown);
    }
  }
  #breakFor(thrown) {
    if (!(thrown instanceof WireError)) throw thrown;
    this.#break(thrown);
  }
  #break(error) {
    if (this.#broken) return;
    this.handlers.onBroken(error);
  }
};

// apps/relay/src/session/accept-hello.ts
function acceptHello(connection, options) {
  const listener = new HelloListener({
    ...options,
    certificateSha256: connection.certificateSha256
  });
  let channel;
  let isOver = false;
  let isProofSeen = false;
  let said;
  const finish = () => {
    isOver = true;
    clearTimeout(timer);
  };
  const fail = (code, why) => {
    if (isOver) return;
    finish();
    if (channel === void 0) connection.close(codeNumber(code), why);
    else channel.closeConnection(connection, code, why);
    options.onFailed(code, why, said);
  };
  const handleGoodbye = ({ code, text: text3 }) => {
    finish();
    channel.stop();
    connection.close(codeNumber("ok"), "");
    options.onFailed(isOurs(code) ? "protocol_error" : code, `the dialer left: ${text3}`, said);
  };
  const decide = async (proven) => {
    let refusal;
    try {
      refusal = await options.decide(proven);
    } catch (thrown) {
      refusal = { code: "busy", text: `the relay could not decide: ${String(thrown)}` };
    }
    if (isOver) return;
    if (refusal !== void 0) return fail(refusal.code, refusal.text);
    finish();
    options.onAdmitted(proven, channel);
  };
  const timer = setTimeout(() => fail("hello_timeout", codeSentence("hello_timeout")), options.timeoutMs);
  const handleMessage = (message2) => {
    if (message2.kind === "proof" && !isProofSeen) {
      isProofSeen = true;
      const proven = listener.handleProof(message2);
      said = { hello: proven.hello, isProven: true };
      return proven;
    }
    if (message2.kind !== "hello" || isProofSeen)
      throw new WireError("unexpected_message", `${message2.kind} before HELLO`);
    said = { hello: message2, isProven: false };
    channel.send(listener.handleHello(message2));
    return void 0;
  };
  connection.start({
    onStream: (stream) => {
      if (channel !== void 0 || isOver) {
        stream.reset(codeNumber("protocol_error"));
        fail("protocol_error", "a second stream before HELLO");
        return;
      }
      let isHelloSeen = false;
      channel = new ControlChannel2(stream, {
        onMessage: (message2) => {
          if (isOver) return;
          if (message2.kind === "goodbye") return handleGoodbye(message2);
          if (message2.kind === "hello" && isHelloSeen) return fail("protocol_error", "a second HELLO");
          isHelloSeen ||= message2.kind === "hello";
          let proven;
          try {
            proven = handleMessage(message2);
          } catch (thrown) {
            if (thrown instanceof WireError) fail(thrown.closeCode, thrown.message);
            else fail("bad_signature", "the key in the HELLO is unusable");
          }
          if (proven !== void 0) void decide(proven);
        },
        onBroken: (error) => fail(error.closeCode, error.message)
      });
    },
    onDatagram: () => fail("protocol_error", "a datagram before HELLO"),
    onClosed: () => {
      if (isOver) return;
      finish();
      options.onFailed("shutdown", "the connection was closed before its HELLO was done", said);
    }
  });
  return fail;
}
function isOurs(code) {
  return code === "busy" || code === "draining";
}

// apps/relay/src/session/claimed-names.ts
var ClaimedNames = class {
  #present;
  constructor(first2) {
    this.#present = first2;
  }
  /** The newest claim; it may name what others own. */
  get present() {
    return this.#present;
  }
  /**
   * Takes NAMES.
   * @throws WireError `bad_field` when that would be more names than other relays can be told of; `bad_signature` when it is not signed
   *   as the next claim of this session. Nothing has changed then
   */
  handleNames(names) {
    const { claim } = this.#present;
    const more = { claimSeq: claim.claimSeq + 1, names: namesAfter(claim.names, names) };
    const next = names.sessionSeq === void 0 ? { ...claim, ...more } : promoted(claim, names.sessionSeq, more);
    if (isTooMuch(next.names)) throw new WireError("bad_field", "too many names");
    if (names.claimSeq !== next.claimSeq || !verifyNameClaim(next, names.claim))
      throw new WireError("bad_signature", "the signature over the names does not fit");
    this.#present = { claim: next, signature: names.claim };
    return this.#present;
  }
};
function promoted({ standby: _, ...claim }, sessionSeq, more) {
  if (sessionSeq < claim.sessionSeq) throw new WireError("bad_field", "the session number falls");
  return { ...claim, sessionSeq, ...more };
}
function isTooMuch(names) {
  return names.length > namesPerSessionMax || nameBytesOf(names) > nameBytesPerSessionMax;
}

// apps/relay/src/session/peer-admission.ts
function notAdmitted({ id, at }) {
  return {
    code: "not_a_relay",
    text: codeSentence("not_a_relay", `relay ${at} does not admit relay ${id} as a peer`)
  };
}
var PeerAdmission = class {
  #rules;
  #hasMeshSecret;
  constructor(rules, { hasMeshSecret }) {
    this.#rules = rules;
    this.#hasMeshSecret = hasMeshSecret;
  }
  /** Whether every relay is admitted. */
  get isOpen() {
    return this.#rules.admitsEveryRelay && !this.#hasMeshSecret;
  }
  /** What admits this relay; undefined: nothing. */
  admits(relay) {
    if (relay.isPinned === true && !this.#isStruckOff(relay.id)) return "url";
    if (this.#isAllowed(relay.id)) return "key";
    if (relay.isMeshSecretProven) return "mesh_secret";
    return this.isOpen ? "anybody" : void 0;
  }
  /**
   * Whether what a relay says of its names counts when another relay passes it on. Who knows the mesh secret can't be told from afar: there its
   * neighbours have checked it.
   */
  admitsOrigin(id) {
    return this.isOpen || this.#hasMeshSecret || this.#isAllowed(id);
  }
  /** Whether there is a list of relays and this one is on it. */
  isListed(id) {
    return this.#isAllowed(id);
  }
  /** New rules hold from now on; whoever they no longer admit is the caller's to close, see {@link stillAdmits}. */
  replaceRules(rules) {
    this.#rules = rules;
  }
  /** Whether a peering that stands may go on under the present rules. */
  stillAdmits(id, by) {
    if (by === "mesh_secret") return true;
    return by === "url" ? !this.#isStruckOff(id) : this.isOpen || this.#isAllowed(id);
  }
  #isAllowed(id) {
    return !this.#rules.admitsEveryRelay && this.#rules.isRelayAdmitted(id);
  }
  /** A list that is kept up to date says more than a URL in the settings of the start. */
  #isStruckOff(id) {
    return this.#rules.hasRelayList && !this.#rules.isRelayAdmitted(id);
  }
};

// apps/relay/src/session/dial-hello.ts
var earlyStreamsMax = 64;
function dialHello(connection, options) {
  const { identity, bootId, nonce, sessionSeq, label: label2, identityPin } = options;
  const dialer = new HelloDialer({
    role: "relay",
    realm: "",
    names: [],
    identity,
    bootId,
    sessionSeq,
    nonce,
    label: label2,
    certificateSha256: connection.certificateSha256,
    identityPin,
    meshSecret: options.meshSecret
  });
  const earlyStreams = [];
  let challenge;
  let admittedBy;
  let isOver = false;
  const finish = () => {
    isOver = true;
    clearTimeout(timer);
  };
  const fail = (code, why) => {
    if (isOver) return;
    finish();
    channel.closeConnection(connection, code, why);
    options.onFailed(code, why);
  };
  const timer = setTimeout(() => fail("hello_timeout", codeSentence("hello_timeout")), options.timeoutMs);
  const handleChallenge = (message2) => {
    const proof = dialer.handleChallenge(message2);
    challenge = message2;
    const id = identityId(message2.identity);
    if (id === identityId(identity.publicKey)) {
      fail("self_connection", codeSentence("self_connection"));
      return;
    }
    const { isMeshSecretProven } = dialer;
    admittedBy = options.admits({ id, isMeshSecretProven, isPinned: identityPin !== void 0 });
    if (admittedBy === void 0) {
      const { code, text: text3 } = notAdmitted({ id, at: identityId(identity.publicKey) });
      fail(code, text3);
      return;
    }
    channel.send(proof);
  };
  const handleMessage = (message2) => {
    if (message2.kind === "challenge" && challenge === void 0) handleChallenge(message2);
    else if (message2.kind === "welcome" && challenge !== void 0 && admittedBy !== void 0) {
      finish();
      const { identity: identity2, bootId: bootId2 } = challenge;
      options.onWelcome({ identity: identity2, bootId: bootId2, label: message2.label, admittedBy, channel, earlyStreams });
    } else if (message2.kind === "goodbye") fail(remoteCode(message2.code), message2.text);
    else throw new WireError("unexpected_message", `${message2.kind} before WELCOME`);
  };
  const channel = new ControlChannel2(connection.openStream({ priority: "control" }), {
    onMessage: (message2) => {
      if (isOver) return;
      try {
        handleMessage(message2);
      } catch (thrown) {
        if (thrown instanceof WireError) fail(thrown.closeCode, thrown.message);
        else fail("bad_signature", "the key in the CHALLENGE is unusable");
      }
    },
    onBroken: (error) => fail(error.closeCode, error.message)
  });
  connection.start({
    onStream: (stream) => {
      if (earlyStreams.length < earlyStreamsMax) earlyStreams.push(stream);
      else stream.reset(codeNumber("busy"));
    },
    onClosed: (info) => {
      if (isOver) return;
      finish();
      options.onFailed(codeOfClosed(info), whyClosed(info));
    }
  });
  channel.send(dialer.hello);
}
function codeOfClosed(info) {
  return info.kind === "lost" ? "relay_lost" : remoteCode(codeFromNumber(info.code));
}
function remoteCode(code) {
  return code === "self_connection" ? "protocol_error" : code;
}
function whyClosed(info) {
  return info.kind === "lost" ? info.error.message : info.reason;
}

// apps/relay/src/session/turn-away.ts
function refusalOf(code) {
  return { code, text: codeSentence(code) };
}
function turnAway(connection, { code, text: text3 }) {
  connection.start({ onStream: (stream) => stream.reset(codeNumber(code)), onClosed: () => {
  } });
  connection.close(codeNumber(code), text3);
}

// apps/relay/src/session/gatekeeper.ts
var Gatekeeper = class {
  #parts;
  constructor(parts2) {
    this.#parts = parts2;
  }
  /** Never rejects. */
  async decide(connection, proven) {
    const limited = this.#parts.limiter.hello(connection, proven);
    if (limited !== void 0) return { refusal: limited };
    const admission = await this.#admitToRealm(proven);
    if (admission?.kind === "refused") return { refusal: admission };
    const refusal = this.#refusalOf(proven, admission);
    return refusal === void 0 ? { refusal, admitted: admission } : { refusal };
  }
  async #admitToRealm({ hello: hello2, token }) {
    if (hello2.role !== "agent") return void 0;
    const { realm, names, identity } = hello2;
    const wanted = { realm, names, identity: identityId(identity) };
    return admitToRealm(wanted, token, this.#parts.realms.rules, Date.now());
  }
  #refusalOf(proven, admitted) {
    const code = this.#refusalCodeOf(proven);
    if (code === "not_a_relay")
      return notAdmitted({ id: identityId(proven.hello.identity), at: this.#parts.ownId });
    if (code !== void 0) return refusalOf(code);
    if (admitted === void 0) return void 0;
    const { realm } = proven.hello;
    return sessionEnd({ realm, grant: admitted.grant }, this.#parts.realms.rules, Date.now());
  }
  #refusalCodeOf({ hello: hello2, isMeshSecretProven }) {
    const { ownId, peerAdmission, closedBy } = this.#parts;
    const closed = closedBy();
    if (closed !== void 0) return closed;
    if (hello2.role === "agent") return isTooMuch(hello2.names) ? "protocol_error" : void 0;
    const id = identityId(hello2.identity);
    if (id === ownId) return "self_connection";
    return peerAdmission.admits({ id, isMeshSecretProven }) === void 0 ? "not_a_relay" : void 0;
  }
};

// apps/relay/src/session/log-fields.ts
function describeSaid(said) {
  if (said === void 0) return {};
  const { role, identity, label: label2, realm, names } = said.hello;
  return {
    said: said.isProven ? "proven" : "claimed",
    role,
    id: idOf(identity),
    label: label2.slice(0, labelLengthMax),
    ...role === "agent" ? { realm, names: namesText(names) } : {}
  };
}
function describeSession(session) {
  if (session === void 0) return {};
  const { role, realm, label: label2, dialled } = session.facts;
  const { transport, remoteAddress } = session.connection;
  const remote = `${remoteAddress.host} ${remoteAddress.port}`;
  return { role, id: session.id, realm, label: label2, dialled, transport, remote };
}
function namesText(names) {
  const more = names.length - namesShownMax;
  const shown = names.slice(0, namesShownMax).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}
function idOf(identity) {
  try {
    return identityId(identity);
  } catch {
    return "no key";
  }
}
var labelLengthMax = 100;
var namesShownMax = 5;

// apps/relay/src/session/peer-dialer.ts
var PeerDialer = class {
  url;
  /** Id of the relay at the other end, once it was reached. */
  id;
  #relayUrl;
  #parts;
  #state = "connecting";
  #backoffMs = peerBackoffMsMin;
  #timer;
  #session;
  #connectedMs = 0;
  constructor(url, parts2) {
    this.#relayUrl = parseRelayUrl(url);
    this.url = this.#relayUrl.text;
    this.#parts = parts2;
  }
  get state() {
    return this.#state;
  }
  /** The session of this peering while it stands. */
  get session() {
    return this.#session;
  }
  start() {
    this.#state = "connecting";
    void this.#dial().then(
      (connection) => this.#hello(connection),
      (thrown) => {
        const error = TransportError.from(thrown);
        this.#failed(error.code, error.message);
      }
    );
  }
  stop() {
    this.#state = "stopped";
    clearTimeout(this.#timer);
  }
  /** The relay tells that a session is over; true when it was this dialer's. */
  handleSessionClosed(session, code, why) {
    if (session !== this.#session) return false;
    this.#session = void 0;
    if (this.#parts.nowMs() - this.#connectedMs >= peerStableMs) this.#backoffMs = peerBackoffMsMin;
    this.#failed(code, why);
    return true;
  }
  #dial() {
    const { transport, tlsVerify, caPem } = this.#parts;
    return transport.dial({ url: this.#relayUrl, tlsVerify, ...caPem === void 0 ? {} : { caPem } });
  }
  #hello(connection) {
    if (this.#state === "stopped") {
      connection.close(0, "stopped");
      return;
    }
    this.#parts.hello(connection, this.#relayUrl, {
      onWelcome: (welcomed) => {
        this.#session = this.#state === "stopped" ? void 0 : this.#parts.admit(connection, welcomed, this.url);
        if (this.#session === void 0) {
          connection.close(0, "stopped");
          return;
        }
        this.id = this.#session.id;
        this.#state = "connected";
        this.#connectedMs = this.#parts.nowMs();
      },
      onFailed: (code, why) => this.#failed(code, why)
    });
  }
  #failed(code, why) {
    if (this.#state === "stopped") return;
    if (code === "self_connection") {
      this.#state = "self";
      this.#parts.onFailed(this.url, code, why, void 0);
      return;
    }
    this.#state = "waiting";
    const factor = 1 + backoffJitter * (2 * this.#parts.random() - 1);
    const retryMs = Math.round(this.#backoffMs * factor);
    this.#backoffMs = Math.min(this.#backoffMs * 2, peerBackoffMsMax);
    this.#parts.onFailed(this.url, code, why, retryMs);
    this.#timer = setTimeout(() => this.start(), retryMs);
  }
};

// apps/relay/src/session/router-loop.ts
var RouterLoop = class {
  #parts;
  #timer;
  #isRunning = false;
  constructor(parts2) {
    this.#parts = parts2;
  }
  /** Gives the router an input, then carries out everything it says. */
  handle(input) {
    const { router, nowMs, perform } = this.#parts;
    input(nowMs());
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let output = router.pollOutput(); output !== void 0; output = router.pollOutput()) {
        perform(output);
      }
    } finally {
      this.#isRunning = false;
    }
    this.#arm();
  }
  /** The router is given no more time. */
  close() {
    clearTimeout(this.#timer);
  }
  #arm() {
    clearTimeout(this.#timer);
    const { router, nowMs } = this.#parts;
    const next = router.pollTimeout();
    if (next === void 0) return;
    const waitMs = Math.max(1, Math.ceil(next.atMs - nowMs()));
    this.#timer = setTimeout(() => this.handle((now) => router.handleTimeout(now)), waitMs);
    this.#timer.unref();
  }
};

// apps/relay/src/session/send-to-all.ts
function sendToAll(sessions, links, message2) {
  const frame = encodeMessage(message2);
  for (const link2 of links) sessions.get(link2)?.sendIfRoom(frame);
}

// apps/relay/src/session/session.ts
var Session = class {
  facts;
  /** The other side's key as text. */
  id;
  connection;
  /** Streams opened by the other side that are not over yet. */
  streamsIn = 0;
  isDraining = false;
  /** A newer session of the same agent has taken over: this one lives for its tunnels. */
  isSuperseded = false;
  #channel;
  #handlers;
  #nowMs;
  #heardMs;
  #oldestPing;
  #pings = 0;
  #pingRttMs;
  #isClosed = false;
  constructor(facts, parts2, handlers) {
    this.facts = facts;
    this.id = identityId(facts.identity);
    this.connection = parts2.connection;
    this.#channel = parts2.channel;
    this.#nowMs = parts2.nowMs;
    this.#handlers = handlers;
    this.#heardMs = parts2.nowMs();
    this.#channel.bytesMax = Number.POSITIVE_INFINITY;
    this.#channel.inShare = (type, work) => handlers.inShare(this, type, work);
    this.#channel.mayRead = (type) => handlers.onControl(this, type);
    this.#channel.handlers = {
      onMessage: (message2) => this.#handleMessage(message2),
      onBroken: (error) => this.close(error.closeCode, error.message)
    };
    this.connection.start({
      onStream: (stream) => this.handleStream(stream),
      onRenewalDue: () => {
        if (facts.role === "agent") this.send({ kind: "renew" });
      },
      onClosed: (info) => this.#over(codeOfClosed(info), whyClosed(info), info.kind === "lost" ? "lost" : "goodbye")
    });
  }
  /** A stream of the other side; the shell calls it for streams that came before the session stood. */
  handleStream(stream) {
    if (this.#isClosed) {
      stream.reset(codeNumber("shutdown"));
      return;
    }
    if (this.streamsIn >= streamsPerSessionMax) {
      stream.reset(codeNumber("busy"));
      return;
    }
    this.#heard();
    this.streamsIn++;
    this.#handlers.onStream(this, stream);
  }
  send(message2) {
    if (!this.#isClosed) this.#channel.send(message2);
  }
  /** Sends an encoded message that the other side can ask for again, unless it is slow to read. */
  sendIfRoom(frame) {
    if (!this.#isClosed && this.#channel.bufferedBytes <= ownedBufferBytesMax) this.#channel.sendFrame(frame);
  }
  ping() {
    const number = ++this.#pings;
    this.#oldestPing ??= { number, sentMs: this.#nowMs() };
    this.send({ kind: "ping", number });
  }
  /** Called about every second: pings a silent peer and gives it up when it stays silent, a superseded session sooner. */
  checkLiveness() {
    const silentMs = this.#nowMs() - this.#heardMs;
    const { isSuperseded } = this;
    if (silentMs >= (isSuperseded ? supersededSilenceMsMax : sessionSilenceMsMax))
      this.close("timeout", codeSentence("timeout"));
    else if (silentMs >= (isSuperseded ? supersededPingAfterMs : sessionPingAfterMs)) this.ping();
  }
  /** Round trip: the transport's own figure, else the last ping's, which is also finer than the 0 that QUIC tells in a local network. */
  get rttMs() {
    const { rttMs } = this.connection.stats();
    return rttMs || (this.#pingRttMs ?? rttMs);
  }
  get isClosed() {
    return this.#isClosed;
  }
  /** GOODBYE, and the end of the connection a moment later. */
  close(code, text3) {
    if (this.#isClosed) return;
    this.#channel.closeConnection(this.connection, code, text3);
    this.#over(code, text3);
  }
  #over(code, why, ending = "lost") {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#channel.stop();
    this.#handlers.onClosed(this, code, why, ending);
  }
  #heard() {
    this.#heardMs = this.#nowMs();
    this.#handlers.onAlive(this);
  }
  #handleMessage(message2) {
    if (this.#isClosed) return;
    this.#heard();
    switch (message2.kind) {
      case "ping":
        this.send({ kind: "pong", number: message2.number });
        return;
      case "pong":
        this.#handlePong(message2.number);
        return;
      case "goodbye":
        this.connection.close(codeNumber(message2.code), message2.text);
        this.#over(remoteCode(message2.code), message2.text, "goodbye");
        return;
      case "draining":
        this.isDraining = true;
        this.#handlers.onDraining(this);
        return;
      case "names":
        if (this.facts.claims === void 0) break;
        this.#handlers.onNames(this, message2, this.facts.claims.handleNames(message2));
        return;
      case "owned":
      case "owned_have":
        if (this.facts.role !== "relay") break;
        this.#handlers.onOwned(this, message2);
        return;
      case "former_gone":
        if (this.facts.role !== "agent") break;
        this.#handlers.onFormerGone(this);
        return;
    }
    throw new WireError("unexpected_message", `${message2.kind} is not allowed here`);
  }
  #handlePong(number) {
    const oldest = this.#oldestPing;
    if (oldest === void 0 || number < oldest.number) return;
    if (number === oldest.number) this.#pingRttMs = this.#nowMs() - oldest.sentMs;
    this.#oldestPing = void 0;
  }
};

// apps/relay/src/splice/first-frame.ts
var FirstFrame = class {
  stream;
  #reader = new FrameReader();
  #isOver = false;
  constructor(stream, handlers) {
    this.stream = stream;
    const broken = (error) => {
      if (this.#isOver) return;
      this.#isOver = true;
      handlers.onBroken(error);
    };
    stream.start({
      onData: (bytes) => {
        this.#reader.push(bytes);
        if (this.#isOver) return;
        try {
          const frame = this.#reader.next();
          if (frame === void 0) return;
          const message2 = decodeMessage(frame);
          if (message2 === void 0) throw new WireError("unexpected_message", `frame type ${frame.type}`);
          this.#isOver = true;
          stream.pause();
          handlers.onMessage(message2);
        } catch (thrown) {
          if (!(thrown instanceof WireError)) throw thrown;
          broken(thrown);
        }
      },
      onEnd: () => broken(new WireError("unexpected_message", "the stream ended before its first message")),
      onDrain: () => {
      },
      onClosed: (reason) => handlers.onClosed(reason)
    });
  }
  /** The bytes behind the message. */
  takeRest() {
    return this.#reader.takeRest();
  }
};

// apps/relay/src/splice/splice.ts
function splice(a, b, counters, onOver) {
  let open3 = 2;
  counters.active++;
  counters.total++;
  const directions = [new Direction(a, b, counters), new Direction(b, a, counters)];
  const join3 = (out, back) => {
    const { from, to } = out;
    from.start({
      onData: (bytes) => out.carry(bytes),
      onEnd: () => to.end(),
      onDrain: () => back.handleDrain(),
      onClosed: (reason) => {
        out.stop();
        carryClose(reason, to);
        if (--open3 > 0) return;
        counters.active--;
        onOver();
      }
    });
  };
  join3(directions[0], directions[1]);
  join3(directions[1], directions[0]);
  directions[0].begin(a.rest);
  directions[1].begin(b.rest);
}
var Direction = class {
  from;
  to;
  #pace;
  #counters;
  #isFull = false;
  #timer;
  constructor(from, to, counters) {
    this.from = from.stream;
    this.to = to.stream;
    this.#pace = from.pace;
    this.#counters = counters;
  }
  /** Carries what was read already, and begins to read. */
  begin(rest) {
    if (rest.length > 0) this.carry(rest);
    this.#resume();
  }
  carry(bytes) {
    this.#counters.bytesForwarded += bytes.length;
    this.#isFull = !this.to.write(bytes);
    if (this.#isFull) this.from.pause();
    const waitMs = this.#pace(bytes.length);
    if (waitMs > 0) this.#wait(bytes.length, waitMs);
  }
  /** The target takes bytes again. */
  handleDrain() {
    this.#isFull = false;
    this.#resume();
  }
  /** The source is over. */
  stop() {
    clearTimeout(this.#timer);
  }
  #wait(bytes, waitMs) {
    this.#counters.bytesPaced += bytes;
    this.from.pause();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = void 0;
      this.#resume();
    }, waitMs);
    this.#timer.unref();
  }
  #resume() {
    if (!this.#isFull && this.#timer === void 0) this.from.resume();
  }
};
function carryClose(reason, to) {
  if (reason.kind === "lost") to.reset(codeNumber("relay_lost"));
  else if (reason.kind === "reset" && !reason.local) to.reset(reason.code);
}

// apps/relay/src/splice/stream-broker.ts
var StreamBroker = class {
  spliceCounters = { bytesForwarded: 0, active: 0, total: 0, bytesPaced: 0 };
  openCounters = { opens: 0, accepted: 0, failed: /* @__PURE__ */ new Map() };
  #events;
  #openTimeoutMs;
  #openers = /* @__PURE__ */ new Map();
  #legs = /* @__PURE__ */ new Map();
  #nextOpen = 1;
  /** `openTimeoutMs`: milliseconds a fresh stream has for its whole OPEN. */
  constructor(events, openTimeoutMs2) {
    this.#events = events;
    this.#openTimeoutMs = openTimeoutMs2;
  }
  /** A stream that the other side of a session opened. */
  handleStream(session, stream) {
    const start = () => this.#startStream(session, stream);
    if (this.#events.limiter.inShare(session, "stream", start)) return;
    session.streamsIn--;
    stream.reset(codeNumber("open_rate"));
  }
  #startStream(session, stream) {
    const open3 = this.#nextOpen++;
    const refusal = this.#events.limiter.stream(open3, session);
    if (refusal !== void 0) {
      this.#refuseUnread(session, stream, refusal);
      return;
    }
    const over = () => {
      session.streamsIn--;
      this.#events.limiter.streamOver(open3);
    };
    const timer = setTimeout(() => stream.reset(codeNumber("timeout")), this.#openTimeoutMs);
    const first2 = new FirstFrame(stream, {
      onMessage: (message2) => {
        clearTimeout(timer);
        if (message2.kind !== "open") {
          stream.reset(codeNumber("protocol_error"));
          return;
        }
        this.openCounters.opens++;
        this.#openers.set(open3, opener);
        const ask = () => {
          if (this.#openers.has(open3)) this.#events.open({ open: open3, session, message: message2 });
        };
        if (!this.#events.limiter.inShare(session, "open", ask)) stream.reset(codeNumber("open_rate"));
      },
      onBroken: () => stream.reset(codeNumber("protocol_error")),
      onClosed: (reason) => {
        clearTimeout(timer);
        opener.isClosed = true;
        over();
        if (!this.#openers.delete(open3)) return;
        this.#events.openerGone(open3, reason.kind === "reset" ? codeFromNumber(reason.code) : "relay_lost");
      }
    });
    const opener = { session, first: first2, isClosed: false, over };
  }
  /** Carries out a decision. `sessionOf` finds the session of a link. */
  perform(output, sessionOf) {
    switch (output.kind) {
      case "forward":
        this.#forward(output.leg, sessionOf(output.link), output.message);
        return;
      case "accept":
        this.#accept(output);
        return;
      case "cancel": {
        const leg = this.#legs.get(output.leg);
        this.#legs.delete(output.leg);
        leg?.first.stream.reset(codeNumber(output.code));
        return;
      }
      case "fail":
        this.#fail(output);
        return;
    }
  }
  /** Figures for status and metrics. */
  get pendingOpens() {
    return this.#openers.size;
  }
  #forward(id, session, message2) {
    let stream;
    try {
      if (session === void 0 || session.isClosed) throw new Error("the session is over");
      stream = session.connection.openStream();
    } catch {
      this.#events.legFailed(id, { code: "relay_lost", text: codeSentence("relay_lost") });
      return;
    }
    const first2 = new FirstFrame(stream, {
      onMessage: (answer2) => this.#handleAnswer(id, stream, answer2),
      onBroken: (error) => {
        stream.reset(codeNumber("protocol_error"));
        this.#legFailed(id, { code: "relay_lost", text: error.message });
      },
      onClosed: (reason) => {
        leg.isClosed = true;
        const code = reason.kind === "reset" && !reason.local ? codeFromNumber(reason.code) : "relay_lost";
        this.#legFailed(id, { code: code === "ok" ? "relay_lost" : code, text: codeSentence(code) });
      }
    });
    const leg = { session, first: first2, isClosed: false };
    this.#legs.set(id, leg);
    stream.write(encodeMessage(message2));
  }
  #handleAnswer(id, stream, answer2) {
    if (answer2.kind === "open_ok") {
      this.#events.legOk(id, answer2);
      return;
    }
    if (answer2.kind === "open_failed") this.#legFailed(id, answer2);
    else this.#legFailed(id, { code: "relay_lost", text: `${answer2.kind} instead of an answer to OPEN` });
    stream.reset(codeNumber("ok"));
  }
  #legFailed(id, failure) {
    if (this.#legs.delete(id)) this.#events.legFailed(id, failure);
  }
  #accept({ open: openId, leg: legId, answer: answer2, via }) {
    const opener = this.#openers.get(openId);
    const leg = this.#legs.get(legId);
    this.#openers.delete(openId);
    this.#legs.delete(legId);
    this.#events.limiter.answered(openId, "ok");
    if (opener === void 0 || leg === void 0 || opener.isClosed || leg.isClosed) {
      opener?.first.stream.reset(codeNumber("relay_lost"));
      leg?.first.stream.reset(codeNumber("relay_lost"));
      return;
    }
    this.openCounters.accepted++;
    const said = via === void 0 ? {} : { via };
    opener.first.stream.write(encodeMessage({ kind: "open_ok", answer: answer2, ...said }));
    splice(this.#spliceEnd(opener), this.#spliceEnd(leg), this.spliceCounters, opener.over);
  }
  #fail({ open: openId, kind: _, ...failure }) {
    const { code } = failure;
    this.#countFailed(code);
    const opener = this.#openers.get(openId);
    if (opener === void 0) return;
    this.#openers.delete(openId);
    this.#events.limiter.answered(openId, code);
    this.#refuse(opener.first.stream, failure, opener.over);
  }
  #spliceEnd({ session, first: first2 }) {
    return {
      stream: first2.stream,
      rest: first2.takeRest(),
      pace: (bytes) => this.#events.limiter.bytes(session, bytes)
    };
  }
  #countFailed(code) {
    const { failed } = this.openCounters;
    failed.set(code, (failed.get(code) ?? 0) + 1);
  }
  /** Ends a stream before anything of it is read: with OPEN_FAILED, or by a reset with the code alone. */
  #refuseUnread(session, stream, { code, text: text3, isTold }) {
    this.#countFailed(code);
    if (isTold) {
      this.#refuse(stream, { code, text: text3 }, () => session.streamsIn--);
      return;
    }
    stream.reset(codeNumber(code));
    session.streamsIn--;
  }
  /** Ends a stream with OPEN_FAILED. */
  #refuse(stream, failure, over) {
    const { code } = failure;
    stream.write(encodeMessage({ kind: "open_failed", ...failure }));
    stream.end();
    const linger = setTimeout(() => stream.reset(codeNumber(code)), refusedStreamLingerMs);
    stream.start({
      onData: () => {
      },
      onEnd: () => {
      },
      onDrain: () => {
      },
      onClosed: () => {
        clearTimeout(linger);
        over();
      }
    });
    stream.resume();
  }
};

// apps/relay/src/mesh.ts
var Mesh = class {
  sessions = /* @__PURE__ */ new Map();
  dialers;
  broker;
  router;
  ownership;
  peerAdmission;
  /** By code, since the start. */
  refusedHellos = /* @__PURE__ */ new Map();
  limiter;
  #parts;
  #gatekeeper;
  #realms;
  #loop;
  #bootId = randomBytes4(16);
  #liveness;
  #nextLink = 1;
  #lastSeq = 0;
  #isDraining = false;
  constructor(parts2) {
    this.#parts = parts2;
    const { config, identity } = parts2;
    this.peerAdmission = new PeerAdmission(parts2.rules, { hasMeshSecret: parts2.meshSecret !== void 0 });
    this.#realms = new RealmKeeper({
      rules: parts2.rules,
      nowMs: Date.now,
      onEnd: (session, { code, text: text3 }) => {
        this.#count(code);
        session.close(code, text3);
      }
    });
    this.limiter = new Limiter(config.limits, {
      nowMs: parts2.nowMs,
      random: Math.random,
      sessionOf: (link2) => this.sessions.get(link2),
      knows: (realm, name) => this.router.knows(realm, name)
    });
    this.#gatekeeper = new Gatekeeper({
      ownId: identityId(identity.publicKey),
      limiter: this.limiter,
      realms: this.#realms,
      peerAdmission: this.peerAdmission,
      closedBy: () => this.#isDraining ? "draining" : this.#isFull ? "busy" : void 0
    });
    this.ownership = new Ownership({
      identity,
      epoch: Date.now(),
      wallOffsetMs: Date.now() - parts2.nowMs(),
      admitsOrigin: (relay) => this.peerAdmission.admitsOrigin(identityId(relay)) || this.ownership.peers.hasRelay(bytesKey(relay)),
      isListedOrigin: (relay) => this.peerAdmission.isListed(identityId(relay))
    });
    const { openTimeoutMs: openTimeoutMs2 } = config;
    this.router = new Router({ identity: identity.publicKey, openTimeoutMs: openTimeoutMs2, ownership: this.ownership });
    this.#loop = new RouterLoop({
      router: this.router,
      nowMs: parts2.nowMs,
      perform: (output) => this.#perform(output)
    });
    this.broker = new StreamBroker(
      {
        limiter: this.limiter,
        open: ({ open: open3, session, message: message2 }) => {
          const refusal = this.limiter.open({ open: open3, session, message: message2 });
          if (this.#isDraining) this.#perform(draining(open3));
          else if (refusal !== void 0) this.#perform({ kind: "fail", open: open3, ...refusal });
          else
            this.#route(
              (nowMs) => this.router.handleOpen({ open: open3, link: session.facts.link, message: message2 }, nowMs)
            );
        },
        openerGone: (open3, code) => this.#route(() => this.router.handleOpenerGone(open3, code)),
        legOk: (leg, { answer: answer2, via }) => this.#route(() => this.router.handleOpenOk(leg, answer2, via)),
        legFailed: (leg, failure) => this.#route((nowMs) => this.router.handleLegFailed(leg, failure, nowMs))
      },
      parts2.timeouts?.openMs ?? streamOpenTimeoutMs
    );
    this.dialers = config.peers.map((url) => new PeerDialer(url, this.#dialerParts()));
    this.#liveness = setInterval(() => {
      for (const session of [...this.sessions.values()]) session.checkLiveness();
      this.limiter.sweep();
    }, 1e3);
    this.#liveness.unref();
  }
  /** Begins to dial the configured peers. */
  start() {
    for (const dialer of this.dialers) dialer.start();
    this.#route(() => {
    });
  }
  /** A connection that a listener accepted. */
  handleConnection(connection) {
    const { identity, timeouts, meshSecret, publicCertificates } = this.#parts;
    if (this.#isDraining) {
      turnAway(connection, refusalOf("draining"));
      return;
    }
    const turn = this.#isFull ? refusalOf("busy") : this.limiter.connection(connection);
    if ("code" in turn) {
      this.#noteRefused(connection, turn);
      turnAway(connection, turn);
      return;
    }
    let admitted;
    const end2 = acceptHello(connection, {
      identity,
      bootId: this.#bootId,
      nonce: randomBytes4(32),
      meshSecret,
      publicCertificates: publicCertificates ?? [],
      timeoutMs: timeouts?.helloMs ?? helloTimeoutMs,
      decide: async (proven) => {
        const decision = await this.#gatekeeper.decide(connection, proven);
        if (decision.refusal === void 0) admitted = decision.admitted;
        return decision.refusal;
      },
      onAdmitted: (proven, channel) => {
        const wanted = { connection, proven, granted: admitted?.limits };
        const refusal = this.limiter.session(this.#nextLink, wanted);
        turn.over(refusal?.code);
        if (refusal === void 0) return this.#handleAdmitted(connection, channel, { proven, admitted });
        channel.closeConnection(connection, refusal.code, refusal.text);
        this.#noteRefused(connection, refusal, { hello: proven.hello, isProven: true });
      },
      onFailed: (code, why, said) => {
        turn.over(code);
        this.#noteRefused(connection, { code, text: why }, said);
      }
    });
    turn.holds(end2);
  }
  /** Sends DRAINING to everybody and takes nothing new from now on. */
  drain() {
    this.#isDraining = true;
    for (const dialer of this.dialers) dialer.stop();
    for (const session of this.sessions.values()) session.send({ kind: "draining" });
  }
  get #isFull() {
    return this.sessions.size >= this.#parts.config.sessionsMax;
  }
  /** Number of agents' sessions. */
  get agents() {
    let agents = 0;
    for (const session of this.sessions.values()) if (session.facts.role === "agent") agents++;
    return agents;
  }
  /** Other rules are in force: who may no longer be here goes at once. */
  handleRules(rules) {
    this.peerAdmission.replaceRules(rules);
    for (const session of [...this.sessions.values()]) {
      const { admittedBy } = session.facts;
      if (admittedBy === void 0 || this.peerAdmission.stillAdmits(session.id, admittedBy)) continue;
      const { code, text: text3 } = notAdmitted({ id: session.id, at: identityId(this.#parts.identity.publicKey) });
      session.close(code, text3);
    }
    this.router.handleAdmissionChanged();
    this.#realms.handleRules(rules);
  }
  /** Closes every session with the code and stops every timer. */
  close(code) {
    this.#isDraining = true;
    for (const dialer of this.dialers) dialer.stop();
    for (const session of [...this.sessions.values()]) session.close(code, codeSentence(code));
    this.#realms.close();
    clearInterval(this.#liveness);
    this.#loop.close();
  }
  #handleAdmitted(connection, channel, { proven, admitted }) {
    const { hello: hello2, claim, isMeshSecretProven } = proven;
    const { role, identity, bootId, label: label2 } = hello2;
    const realm = role === "agent" ? hello2.realm : "";
    const admittedBy = role === "relay" ? this.peerAdmission.admits({ id: identityId(identity), isMeshSecretProven }) : void 0;
    const facts = {
      ...{ role, dialled: false, identity, bootId, realm, label: label2 },
      ...admittedBy === void 0 ? {} : { admittedBy },
      ...claim === void 0 ? {} : { claims: new ClaimedNames(claim) }
    };
    const session = this.#addSession(facts, connection, channel);
    const { link: link2 } = session.facts;
    if (admitted !== void 0)
      this.#realms.add(session, { realm, grant: admitted.grant, process: processOf(session.facts) });
    if (role === "agent") {
      const { sessionSeq, names, standby: isStandby = false } = hello2;
      const { claims } = session.facts;
      this.#route(
        (nowMs) => this.router.handleAgentUp(
          {
            link: link2,
            realm,
            identity,
            bootId,
            sessionSeq,
            isStandby,
            names,
            tag: tagOf(facts),
            claims,
            entitled: ownNames(admitted?.grant)
          },
          nowMs
        )
      );
    } else {
      this.#welcome(session);
      this.#route((nowMs) => this.router.handlePeerUp({ link: link2, identity, dialled: false }, nowMs));
    }
  }
  #addSession(facts, connection, channel) {
    if (facts.role === "relay") {
      this.#endFormerLife(facts);
      this.limiter.quotas.handlePeerUp();
    }
    const link2 = this.#nextLink++;
    const { nowMs } = this.#parts;
    const session = new Session({ ...facts, link: link2 }, { connection, channel, nowMs }, this.#sessionHandlers);
    this.sessions.set(link2, session);
    return session;
  }
  /** A relay that has restarted is known by its new boot id at once; its old links would only swallow OPENs until they time out. */
  #endFormerLife({ identity, bootId }) {
    for (const session of [...this.sessions.values()]) {
      const { facts } = session;
      if (facts.role !== "relay" || !Buffer.from(facts.identity).equals(identity)) continue;
      if (!Buffer.from(facts.bootId).equals(bootId)) session.close("replaced", "the relay has restarted");
    }
  }
  #sessionHandlers = {
    onStream: (session, stream) => this.broker.handleStream(session, stream),
    inShare: (session, type, work) => type === messageTypes.names ? void this.limiter.inShare(session, "names", work) : work(),
    onControl: (session, type) => this.limiter.control(session, type),
    onNames: (session, names, { claim }) => {
      const refused2 = refusedName(this.#realms.admitted(session)?.grant, names.add);
      if (refused2 !== void 0)
        session.close("token_wrong_name", `${codeSentence("token_wrong_name")} (${refused2})`);
      else if (this.limiter.names(session, claim.names))
        this.#route((nowMs) => this.router.handleNames(session.facts.link, names, nowMs));
    },
    onAlive: ({ facts }) => this.router.handleAlive(facts.link, this.#parts.nowMs()),
    onFormerGone: ({ facts }) => this.#route((nowMs) => this.router.handleFormerGone(facts.link, nowMs)),
    onDraining: (session) => this.#parts.logger.info(describeSession(session), "peer is draining"),
    onOwned: ({ facts }, message2) => this.#route((nowMs) => this.router.handleOwned(facts.link, message2, nowMs)),
    onClosed: (session, code, why, ending) => {
      this.sessions.delete(session.facts.link);
      this.#realms.remove(session);
      this.limiter.quotas.handleSessionOver(session.facts.link);
      this.#route((nowMs) => this.router.handleLinkDown(session.facts.link, nowMs, ending));
      for (const dialer of this.dialers) if (dialer.handleSessionClosed(session, code, why)) break;
      const level = code === "identity_conflict" ? "warn" : "info";
      this.#parts.logger[level]({ ...describeSession(session), code, why }, "session down");
    }
  };
  #welcome(session) {
    session.send({ kind: "welcome", label: this.#parts.config.label });
    this.#parts.logger.info(describeSession(session), "session up");
  }
  #dialerParts() {
    const { config, identity, dialer, caPem, logger, timeouts } = this.#parts;
    return {
      transport: dialer,
      tlsVerify: config.tlsVerify,
      caPem,
      random: Math.random,
      nowMs: this.#parts.nowMs,
      hello: (connection, url, outcome) => dialHello(connection, {
        identity,
        bootId: this.#bootId,
        nonce: randomBytes4(32),
        sessionSeq: this.#lastSeq = Math.max(Date.now(), this.#lastSeq + 1),
        label: config.label,
        identityPin: url.identityPin,
        meshSecret: this.#parts.meshSecret,
        admits: (relay) => this.peerAdmission.admits(relay),
        timeoutMs: timeouts?.helloMs ?? helloTimeoutMs,
        ...outcome
      }),
      admit: (connection, welcomed) => this.#admitDialled(connection, welcomed),
      onFailed: (url, code, why, retryMs) => {
        if (code === "self_connection")
          logger.warn({ url }, `not a peer: ${codeSentence("self_connection")}`);
        else logger.warn({ url, code, why, retryMs }, "peer not connected");
      }
    };
  }
  #admitDialled(connection, welcomed) {
    if (this.#isDraining) return void 0;
    const { identity, bootId, label: label2, admittedBy, channel, earlyStreams } = welcomed;
    const facts = { role: "relay", dialled: true, identity, bootId, realm: "", label: label2, admittedBy };
    const session = this.#addSession(facts, connection, channel);
    const { link: link2 } = session.facts;
    this.#route((nowMs) => this.router.handlePeerUp({ link: link2, identity, dialled: true }, nowMs));
    this.#parts.logger.info(describeSession(session), "session up");
    for (const stream of earlyStreams) session.handleStream(stream);
    return session;
  }
  #route(input) {
    this.#loop.handle(input);
  }
  #perform(output) {
    switch (output.kind) {
      case "admitted": {
        const session = this.sessions.get(output.link);
        if (session !== void 0) this.#welcome(session);
        return;
      }
      case "refused":
        this.#count(output.code);
        this.#parts.logger.warn(
          { code: output.code, why: output.text, ...describeSession(this.sessions.get(output.link)) },
          "session refused"
        );
        this.sessions.get(output.link)?.close(output.code, output.text);
        return;
      case "evicted":
        this.sessions.get(output.link)?.close(output.code, output.text);
        return;
      case "superseded": {
        const session = this.sessions.get(output.link);
        if (session === void 0) return;
        session.isSuperseded = true;
        this.#realms.inherit(session);
        this.limiter.quotas.handleSuperseded(output.link);
        this.#parts.logger.info(describeSession(session), "session superseded");
        return;
      }
      case "names_done": {
        const { link: link2, request, taken } = output;
        this.sessions.get(link2)?.send({ kind: "names_done", request, taken });
        return;
      }
      case "probe":
        this.sessions.get(output.link)?.ping();
        return;
      case "send":
        sendToAll(this.sessions, output.links, output.message);
        return;
      case "noted":
        this.#parts.logger.warn(...lineOf(output.note, (link2) => describeSession(this.sessions.get(link2))));
        return;
      default:
        this.broker.perform(output, (link2) => this.sessions.get(link2));
    }
  }
  #noteRefused(connection, { code, text: why }, said) {
    this.#count(code);
    const { host, port } = connection.remoteAddress;
    this.#parts.logger.warn(
      { code, why, remote: `${host} ${port}`, ...describeSaid(said) },
      "connection refused"
    );
  }
  #count(code) {
    this.refusedHellos.set(code, (this.refusedHellos.get(code) ?? 0) + 1);
  }
};
function processOf({ identity, bootId, realm }) {
  return Buffer.concat([identity, bootId]).toString("latin1") + realm;
}
function draining(open3) {
  return { kind: "fail", open: open3, ...refusalOf("draining") };
}

// apps/relay/src/secrets.ts
import { randomBytes as randomBytes5, X509Certificate as X509Certificate5 } from "node:crypto";
import { readFile as readFile2 } from "node:fs/promises";
import { hostname as hostname2, networkInterfaces } from "node:os";
import { join as join2 } from "node:path";
async function loadSecrets(config) {
  const { dataDir, adminTokenFile, caFile, meshSecretFile, publicCertFiles } = config;
  const seed = dataDir === void 0 ? randomBytes5(identitySeedBytes) : await loadOrMakeSeed(join2(dataDir, "relay.key"));
  return {
    seed,
    certificate: await loadCertificate(config),
    adminToken: adminTokenFile === void 0 ? void 0 : await loadToken(adminTokenFile),
    caPem: caFile === void 0 ? void 0 : [await readText(caFile)],
    meshSecret: meshSecretFile === void 0 ? void 0 : await loadMeshSecret(meshSecretFile),
    publicCertificates: await Promise.all(publicCertFiles.map(loadFingerprint))
  };
}
async function loadCertificate({ certFile, keyFile, dataDir }) {
  const make = () => makeDevCertificate({
    names: [.../* @__PURE__ */ new Set([hostname2(), "localhost"])],
    ips: localAddresses(),
    days: devCertificateDays
  });
  if (certFile !== void 0 && keyFile !== void 0) {
    const certificate = { certPem: await readText(certFile), keyPem: await readText(keyFile) };
    try {
      checkCertificatePair(certificate);
    } catch (cause) {
      throw RelayError.from(
        cause,
        "bad_certificate",
        "Give a PEM certificate chain and its own private key."
      );
    }
    return certificate;
  }
  return dataDir === void 0 ? make() : loadDevCertificate(dataDir, make);
}
function localAddresses() {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return [.../* @__PURE__ */ new Set(["127.0.0.1", "::1", ...addresses.filter((a) => !a.scopeid).map((a) => a.address)])];
}
async function loadToken(path) {
  const token = (await readPrivateFile(path, "bad_token_file"))?.toString("utf8").trim();
  if (token === void 0 || token.length < 16) {
    throw new RelayError(
      "bad_token_file",
      token === void 0 ? `there is no file ${path}` : `${path} holds no token of at least 16 characters`,
      "Make one: (umask 077; openssl rand -hex 32 > FILE)."
    );
  }
  return token;
}
async function loadFingerprint(path) {
  const pem = await readText(path);
  try {
    return new X509Certificate5(pem).fingerprint256.replaceAll(":", "").toLowerCase();
  } catch (cause) {
    throw RelayError.from(cause, "bad_certificate", `Give the proxy's certificate in PEM in ${path}.`);
  }
}
async function readText(path) {
  try {
    return await readFile2(path, "utf8");
  } catch (cause) {
    throw RelayError.from(cause, "bad_certificate", "Check path and permissions of the file.");
  }
}

// apps/relay/src/status.ts
import { readFileSync } from "node:fs";
var relayVersion = readVersion();
function meshStatus(mesh) {
  const sessions = [];
  const peers = [];
  for (const dialer of mesh.dialers) {
    const session = dialer.session;
    const chosen = session !== void 0 && mesh.router.isChosenPeer(session.facts.link);
    peers.push({
      url: dialer.url,
      id: dialer.id ?? null,
      state: dialer.state,
      transport: session?.connection.transport ?? null,
      chosen,
      rttMs: session?.rttMs ?? null
    });
  }
  for (const session of mesh.sessions.values()) {
    const { role, realm, label: label2, link: link2, dialled } = session.facts;
    const rttMs = session.rttMs ?? null;
    const { transport } = session.connection;
    if (role === "agent") {
      sessions.push({
        names: mesh.router.namesOf(link2),
        realm,
        identity: session.id,
        label: label2,
        transport,
        superseded: session.isSuperseded,
        standby: mesh.router.isStandby(link2),
        rttMs
      });
    } else if (!dialled) {
      const chosen = mesh.router.isChosenPeer(link2);
      peers.push({ url: null, id: session.id, state: "connected", transport, chosen, rttMs });
    }
  }
  const { active, bytesForwarded } = mesh.broker.spliceCounters;
  return { sessions, peers, tunnels: active, bytesForwarded };
}
function listenUrls(addresses) {
  return addresses.map((address) => `${address.transport}://${hostPortText(address)}`);
}
function readVersion() {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return JSON.parse(manifest).version;
}

// apps/relay/src/transports.ts
async function listenAsConfigured({ listen, listenQuinn }, transports, certificate, logger) {
  const isQuinn = ({ name }) => name === "quinn";
  const onUnavailable = ({ name }, error) => logger.warn({ transport: name, why: error.message }, `${name} isn't available here; going on without it`);
  const together = transports.filter((transport) => !isQuinn(transport));
  const listeners = await listenTogether(together, { ...listen, certificate }, onUnavailable).catch(
    (thrown) => {
      throw listenError2(thrown, hostPortText(listen));
    }
  );
  if (listenQuinn === void 0) return listeners;
  try {
    const quinn = await listenTogether(transports.filter(isQuinn), { ...listenQuinn, certificate });
    return [...listeners, ...quinn];
  } catch (thrown) {
    await Promise.all(listeners.map(({ listener }) => listener.close()));
    throw listenError2(thrown, `listenQuinn ${hostPortText(listenQuinn)}`);
  }
}
function listenError2(thrown, at) {
  const error = TransportError.from(thrown, "bind_failed");
  const options = { cause: error };
  const text3 = `${at}: ${error.message}`;
  if (error.code === "bad_certificate") {
    return new RelayError("bad_certificate", text3, "Give a PEM certificate and its own key.", options);
  }
  if (error.code === "unsupported") {
    const remedy = "Choose another transport on this machine.";
    return new RelayError("transport_unavailable", text3, remedy, options);
  }
  if (/in use|EADDRINUSE/i.test(`${error.message} ${String(error.cause ?? "")}`)) {
    return new RelayError("port_in_use", text3, "Stop the other process, or choose another port.", options);
  }
  return new RelayError("bad_listen_address", text3, "Give an address of this machine.", options);
}

// apps/relay/src/relay.ts
async function startRelay(config, parts2) {
  const secrets = parts2.secrets ?? await loadSecrets(config);
  const logger = parts2.logger ?? relayLogger(config.logLevel);
  const access = await AccessWatcher.open({
    path: config.accessFile,
    settings: config,
    logger,
    check: (rules) => requireMeantOpen(config, opennessOf(rules, { hasMeshSecret: secrets.meshSecret !== void 0 })),
    onRules: (rules) => relay.handleRules(rules)
  });
  const relay = new Relay(config, { ...parts2, logger, access }, secrets);
  try {
    await relay.start();
  } catch (thrown) {
    await relay.close();
    throw thrown;
  }
  return relay;
}
var Relay = class {
  id;
  listen = [];
  admin;
  #config;
  #parts;
  #secrets;
  #logger;
  #mesh;
  #startedMs = performance.now();
  #dialer;
  #listeners = [];
  #adminServer;
  #hasStarted = false;
  #state = "up";
  #closing;
  constructor(config, parts2, secrets) {
    this.#config = config;
    this.#parts = parts2;
    this.#secrets = secrets;
    this.#logger = parts2.logger;
    const identity = identityFromSeed(secrets.seed);
    this.id = identity.id;
    this.#dialer = createAutoTransport({ transports: parts2.transports });
    this.#mesh = new Mesh({
      config,
      identity,
      dialer: this.#dialer,
      caPem: secrets.caPem,
      meshSecret: bytesOf(secrets.meshSecret, "base64url"),
      publicCertificates: (secrets.publicCertificates ?? []).map((hex) => bytesOf(hex, "hex")),
      logger: this.#logger,
      rules: parts2.access.rules,
      nowMs: () => performance.now(),
      ...parts2.timeouts === void 0 ? {} : { timeouts: parts2.timeouts }
    });
  }
  async start() {
    const { listen, admin, label: label2, quic } = this.#config;
    const { transports } = this.#parts;
    const bound = await listenAsConfigured(this.#config, transports, this.#secrets.certificate, this.#logger);
    this.#listeners = bound.map(({ listener }) => listener);
    this.listen = bound.map(({ transport, listener }) => ({
      transport: transport.name,
      ...listener.address
    }));
    if (admin !== void 0) {
      this.#adminServer = await startAdmin(admin, this.#secrets.adminToken, {
        isReady: () => this.#state === "up",
        metrics: () => this.metrics(),
        status: () => this.status()
      });
      this.admin = this.#adminServer.address;
    }
    if (this.#config.dataDir === void 0) this.#logger.warn(newIdEachTime);
    this.#warnOfOpenness();
    if (!quic) this.#logger.info("QUIC is switched off");
    const at = listenUrls(this.listen);
    this.#hasStarted = true;
    this.#logger.info({ id: this.id, label: label2, listen: at, wanted: hostPortText(listen) }, "relay listens");
    for (const listener of this.#listeners) {
      listener.start({ onConnection: (connection) => this.#mesh.handleConnection(connection) });
    }
    this.#mesh.start();
  }
  handleRules(rules) {
    if (rules.servesNoRealm) this.#logger.warn(servesNobody);
    this.#mesh.handleRules(rules);
  }
  #warnOfOpenness() {
    if (this.#parts.access.rules.servesNoRealm) this.#logger.warn(servesNobody);
    if (this.#mesh.peerAdmission.isOpen) {
      this.#logger.warn(
        'every relay that connects is admitted as a peer: it sees names and traffic sizes and lets its nodes into every realm, also those that need a token; give a mesh secret (macula relay --mesh-secret-file), --peer-id or "relays" in the access file'
      );
    }
    if (reachableAddress(this.#config) !== void 0 && this.#parts.access.rules.hasOpenRealm) {
      this.#logger.warn(
        "OPEN REALM on an address that others can reach: everybody may join, take names that are free, and use this relay; only the cookie keeps them out of your nodes"
      );
    }
  }
  status() {
    return {
      id: this.id,
      label: this.#config.label,
      version: relayVersion,
      uptimeMs: Math.round(performance.now() - this.#startedMs),
      state: this.#state,
      listen: listenUrls(this.listen),
      ...meshStatus(this.#mesh)
    };
  }
  metrics() {
    const uptimeMs = performance.now() - this.#startedMs;
    return metricsText(this.#mesh, { uptimeMs, listen: this.listen });
  }
  async drain() {
    if (this.#state === "up") {
      this.#state = "draining";
      this.#logger.info({ sessions: this.#mesh.sessions.size }, "draining");
      this.#mesh.drain();
      const untilMs = performance.now() + this.#config.drainGraceMs;
      while (this.#mesh.agents > 0 && performance.now() < untilMs) await delay(20);
    }
    await this.close();
  }
  close() {
    this.#closing ??= this.#close();
    return this.#closing;
  }
  async #close() {
    const code = this.#state === "draining" ? "draining" : "shutdown";
    this.#state = "closed";
    this.#parts.access.close();
    const hadSessions = this.#mesh.sessions.size > 0;
    this.#mesh.close(code);
    if (hadSessions) await delay(goodbyeLingerMs + 20);
    await Promise.all(this.#listeners.map((listener) => listener.close(codeNumber(code))));
    await this.#adminServer?.close();
    await this.#dialer.close();
    if (this.#hasStarted) this.#logger.info({ code }, "relay closed");
  }
};
var newIdEachTime = "no data directory is given (macula relay --data): this relay has another id and certificate at each start, so neither lists nor URLs can name it";
var servesNobody = 'the access file has "realms" without an entry, so no node may join; list one';
function bytesOf(text3, encoding) {
  return text3 === void 0 ? void 0 : Uint8Array.from(Buffer.from(text3, encoding));
}
function delay(ms) {
  return new Promise((resolve2) => setTimeout(resolve2, ms));
}

// packages/client/src/errors.ts
var MeshError = class extends Error {
  name = "MeshError";
  code;
  /** The travelling code behind it. */
  wireCode;
  constructor(code, wireCode, message2, options) {
    super(message2 ?? codeSentence(wireCode), options);
    this.code = code;
    this.wireCode = wireCode;
  }
};
function describeFailure(thrown) {
  if (thrown instanceof MeshError)
    return { code: thrown.wireCode, text: thrown.message, isRefusal: thrown.code === "refused" };
  const isOurs2 = thrown instanceof WireError || thrown instanceof TransportError;
  const text3 = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: isOurs2 ? thrown.code : "internal", text: text3, isRefusal: false };
}
function withRemedy(code, said) {
  if (said === "") return codeSentence(code);
  return said.includes("; ") ? said : codeSentence(code, said);
}
function wireCodeOf(error) {
  return error instanceof MeshError ? error.wireCode : error.closeCode;
}

// packages/client/src/limits.ts
var dialTimeoutMs = 5e3;
var dialStaggerMs = 1500;
var redialDelayMsMin = 100;
var redialDelayMsMax = 2e3;
var awaitedRedialDelayMs = 500;
var sessionStableMs = 5e3;
var controlBufferBytesMax2 = 1024 * 1024;
var replacedDelayMs = 1e4;
var conflictDelayMs = 3e4;
var refusedDelayMs = 2e4;
var takenDelaysMs = [5e3, 5e3, 5e3, 3e4];
var standbySessionsDefault = 1;
var standbyDialDelayMs = 1e3;
var standbyRedialDelayMsMax = 15e3;
var standbyFreshMs = 1500;
var pingIntervalMs = 12e3;
var pingUsedIntervalMs = 1e3;
var pingAnswerMs = 1e3;
var doubtAfterRtts = 4;
var doubtMsMax = 4e3;
var lateTimerMs = 500;
var lateTimerGraceMs = 250;
var pingTimeoutMs = 1e4;
var renewalsAtOnceMax = 5;
var renewalEveryMs = 1e4;
var formerLingerMs = 1e3;
var openTimeoutMs = 15e3;
var openPauseMs = 1e3;
var acceptTimeoutMs = 5e3;
var acceptingStreamsMax = 256;
var openCopiesMax = 4096;
var closeGraceMs = 1e3;
var sessionWaitMs = 5e3;
var tunnelsMax = 4096;
var localCloseDelayMs = 100;
var openRetriesMax = 3;
var guessFailuresMax = 5;
var guessWindowMs = 10 * 60 * 1e3;
var guessSpacingMs = 3e4;
var guessNamesPerSourceMax = 4;
var handshakesPerSecond = 20;
var handshakesAtOnceMax = 100;
var handshakesPerSourceSecond = 5;
var handshakesPerSourceAtOnceMax = 10;
var guessSourcesMax = guessWindowMs / 1e3 * handshakesPerSecond + handshakesAtOnceMax;
var provenSourcesMax = 4096;
var ringBudgetBytes = 256 * 1024 * 1024;
var tombstoneSweepMs = 1e4;
var goodbyeGraceMs = 80;
var leaveDelaysMs = [
  ["initiator", 500],
  ["responder", 1200]
];

// packages/client/src/guess-limiter.ts
var GuessLimiter = class {
  /** In the order of their last admitted try. */
  #strangers = /* @__PURE__ */ new Map();
  /** Sources that have proven the cookie once, in the order of their last success. */
  #proven = /* @__PURE__ */ new Map();
  #common = { tokens: handshakesAtOnceMax, atMs: 0 };
  /** Somebody asks for a first handshake, before anything costs work. `source`: its identity; undefined when its relay doesn't say. */
  handleOpen(open3, nowMs) {
    const sourceKey = keyOf4(open3.source);
    const known = this.#proven.get(sourceKey);
    const source = known ?? this.#strangers.get(sourceKey) ?? newSource(nowMs);
    const peer = pairKey(source, open3.peer);
    const pair = source.pairs.get(peer) ?? { triesMs: [], isWarned: false };
    pair.triesMs = pair.triesMs.filter((atMs) => nowMs - atMs < guessWindowMs);
    if (pair.triesMs.length === 0) pair.isWarned = false;
    if (pair.triesMs.length >= guessFailuresMax && nowMs - pair.triesMs.at(-1) < guessSpacingMs) {
      const isNews = !pair.isWarned;
      pair.isWarned = true;
      return { kind: "refused", code: "too_many_failures", isNews };
    }
    fill(source.bucket, perSource, nowMs);
    fill(this.#common, common, nowMs);
    const isFull = known === void 0 && (this.#common.tokens < 1 || !this.#hasRoomFor(sourceKey, nowMs));
    if (source.bucket.tokens < 1 || isFull) return { kind: "refused", code: "busy", isNews: false };
    source.bucket.tokens -= 1;
    if (known === void 0) this.#common.tokens -= 1;
    pair.triesMs = [...pair.triesMs, nowMs].slice(-guessFailuresMax);
    source.pairs.set(peer, pair);
    source.lastMs = nowMs;
    if (known === void 0) {
      this.#strangers.delete(sourceKey);
      this.#strangers.set(sourceKey, source);
    }
    return { kind: "admitted", sourceKey, peer, atMs: nowMs };
  }
  /** The peer of this try has proven the cookie. */
  handleConfirmed({ sourceKey, peer }) {
    const source = this.#proven.get(sourceKey) ?? this.#strangers.get(sourceKey);
    if (source === void 0) return;
    source.pairs.delete(peer);
    giveBack(source.bucket, perSource);
    if (!this.#proven.has(sourceKey)) giveBack(this.#common, common);
    this.#strangers.delete(sourceKey);
    this.#proven.delete(sourceKey);
    this.#proven.set(sourceKey, source);
    if (this.#proven.size > provenSourcesMax) this.#proven.delete(this.#proven.keys().next().value);
  }
  /** The try was never answered, so it has tested nothing. */
  handleReleased({ sourceKey, peer, atMs }) {
    const source = this.#proven.get(sourceKey) ?? this.#strangers.get(sourceKey);
    const pair = source?.pairs.get(peer);
    if (pair !== void 0) removeOne(pair.triesMs, atMs);
  }
  /**
   * A connection of ours to this name is up: of two nodes that connect to each other at once OTP gives up one attempt, maybe in the
   * middle of its handshake, so the latest failure of that name is forgiven.
   */
  handleOutgoingUp(peer) {
    for (const sources of [this.#proven, this.#strangers]) {
      for (const { pairs } of sources.values()) pairs.get(peer)?.triesMs.pop();
    }
  }
  /** Sources that are remembered. */
  get size() {
    return this.#strangers.size + this.#proven.size;
  }
  #hasRoomFor(sourceKey, nowMs) {
    if (this.#strangers.has(sourceKey)) return true;
    for (const [key, { lastMs }] of this.#strangers) {
      if (nowMs - lastMs < guessWindowMs) break;
      this.#strangers.delete(key);
    }
    return this.#strangers.size < guessSourcesMax;
  }
};
function newSource(nowMs) {
  return {
    bucket: { tokens: handshakesPerSourceAtOnceMax, atMs: nowMs },
    pairs: /* @__PURE__ */ new Map(),
    lastMs: nowMs
  };
}
function pairKey({ pairs }, name) {
  if (name.startsWith("undefined@")) return otherNames;
  if (pairs.has(name)) return name;
  const own = pairs.size - (pairs.has(otherNames) ? 1 : 0);
  return own < guessNamesPerSourceMax ? name : otherNames;
}
function fill(bucket, { perSecond, max }, nowMs) {
  bucket.tokens = Math.min(max, bucket.tokens + (nowMs - bucket.atMs) * perSecond / 1e3);
  bucket.atMs = nowMs;
}
function giveBack(bucket, { max }) {
  bucket.tokens = Math.min(max, bucket.tokens + 1);
}
function removeOne(timesMs, atMs) {
  const index = timesMs.lastIndexOf(atMs);
  if (index >= 0) timesMs.splice(index, 1);
}
function keyOf4(source) {
  let key = "";
  for (const byte of source ?? []) key += String.fromCharCode(byte);
  return key;
}
var otherNames = "";
var common = {
  perSecond: handshakesPerSecond,
  max: handshakesAtOnceMax
};
var perSource = { perSecond: handshakesPerSourceSecond, max: handshakesPerSourceAtOnceMax };

// packages/tunnel/src/errors.ts
var TunnelError = class _TunnelError extends Error {
  name = "TunnelError";
  /** Which of the closed set of reasons; see {@link TunnelErrorCode}. */
  code;
  /**
   * @param code - the reason a program switches on.
   * @param message - a sentence for people.
   * @param options - `cause`: the underlying error, when there is one.
   */
  constructor(code, message2, options) {
    super(message2, options);
    this.code = code;
  }
  /** The code to refuse the OPEN or reset the path with. */
  get pathCode() {
    switch (this.code) {
      case "bad_offer":
      case "bad_answer":
        return "protocol_error";
      case "version_unsupported":
      case "decrypt_failed":
        return this.code;
      case "stale_epoch":
        return "superseded";
      case "not_attachable":
        return "unknown_tunnel";
      default:
        return "tunnel_error";
    }
  }
  /** The reason a tunnel ends with because of this error. */
  get endReason() {
    switch (this.code) {
      case "bad_offer":
      case "bad_answer":
        return "protocol_error";
      case "stale_epoch":
      case "not_attachable":
      case "bad_option":
      case "bad_state":
      case "internal":
        return "tunnel_error";
      default:
        return this.code;
    }
  }
  /**
   * Turns anything that was thrown into a `TunnelError`: one that already is comes back unchanged, a `CryptoError` gets
   * the code that fits a committed path, everything else becomes `internal` with the original as `cause`.
   *
   * @param thrown - the value caught.
   */
  static from(thrown) {
    if (thrown instanceof _TunnelError) return thrown;
    if (thrown instanceof CryptoError) {
      return new _TunnelError(fromCrypto[thrown.code] ?? "internal", thrown.message, { cause: thrown });
    }
    const message2 = thrown instanceof Error ? thrown.message : String(thrown);
    return new _TunnelError("internal", message2, { cause: thrown });
  }
};
function handshakeError(thrown, message2) {
  const ofPeer = thrown instanceof CryptoError && handshakeCodes.includes(thrown.code);
  return ofPeer ? new TunnelError("decrypt_failed", message2, { cause: thrown }) : TunnelError.from(thrown);
}
var handshakeCodes = ["decrypt_failed", "bad_point", "bad_length"];
var fromCrypto = {
  decrypt_failed: "bad_tag",
  bad_point: "decrypt_failed",
  bad_length: "bad_length",
  nonce_exhausted: "offset_limit",
  bad_key: "bad_option",
  bad_option: "bad_option"
};

// packages/tunnel/src/bytes.ts
function concatBytes4(parts2) {
  const joined = new Uint8Array(totalBytes(parts2));
  let offset = 0;
  for (const part of parts2) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
function totalBytes(parts2) {
  let total = 0;
  for (const part of parts2) total += part.length;
  return total;
}
function lengthPrefixed(parts2) {
  return concatBytes4(parts2.flatMap((part) => [uint16(part.length), part]));
}
function equalBytes2(a, b) {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
function utf8Bytes(text3) {
  return encoder2.encode(text3);
}
function utf8Text(bytes) {
  return decoder3.decode(bytes);
}
function uint16(value) {
  return Uint8Array.of(value >>> 8, value);
}
function readUint16(bytes, offset) {
  return bytes[offset] << 8 | bytes[offset + 1];
}
function uint32(value) {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}
function readUint322(bytes, offset) {
  return readUint16(bytes, offset) * 65536 + readUint16(bytes, offset + 2);
}
function writeUint64(bytes, value, offset) {
  const high = Math.floor(value / 4294967296);
  for (let index = 0; index < 4; index++) {
    bytes[offset + index] = high >>> 24 - 8 * index;
    bytes[offset + 4 + index] = value >>> 24 - 8 * index;
  }
}
function readUint64(bytes, offset) {
  const value = readUint322(bytes, offset) * 4294967296 + readUint322(bytes, offset + 4);
  return value <= Number.MAX_SAFE_INTEGER ? value : void 0;
}
var encoder2 = new TextEncoder();
var decoder3 = new TextDecoder();

// packages/tunnel/src/limits.ts
var tunnelIdHalfBytes = 16;
var tunnelIdBytes = 2 * tunnelIdHalfBytes;
var bootIdBytes = 16;
var handshakeBytesMax = 8192;
var offeredVersionsMax = 16;
var nodeNameBytesMax2 = 1020;
var realmBytesMax2 = 255;
var dataBytesMax2 = 65536;
var joinBytesMax = 1024;
var relaysMax = 8;
var relayBytesMax = 512;
var controlBytesMax = 2 + relaysMax * (2 + relayBytesMax);
var endTextBytesMax = 1024;
var ringBytesStart = 256 * 1024;
var ringBytesLeast = 64 * 1024;
var ringBytesCeiling = 4 * 1024 * 1024;
var ringBudgetBytesDefault = 256 * 1024 * 1024;
var growthSampleMs = 25;
var unsentBytesDefault = 256 * 1024;
var localChunkBytesMax = 1024 * 1024;
var coalesceBytesMax2 = 4096;
var coalesceBlockBytes = 16 * 1024;
var acksPerWindow = 4;
var ackDelayMs = 20;
var offsetLimitDefault = Number.MAX_SAFE_INTEGER - localChunkBytesMax;
var idlePingMs = 15e3;
var pingTimeoutMs2 = 3e4;
var idleAnswerMinMs = 2e3;
var silenceMinMs = 400;
var silenceRoundTrips = 4;
var confirmTimeoutDefaultMs = 1e4;
var establishTimeoutDefaultMs = 25e3;
var endLingerMs = 1e3;
var drainTimeoutMs = 3e4;
var clockJumpMs = 5e3;
var windowDefaultMs = 3e4;
var windowMsMax = 36e5;
var responderExtraMs = 3e3;
var tryDelaysMs = [100, 200, 400, 800, 1600, 2e3];
var tryJitter = 0.2;
var pendingRoundTrips = 2;
var pendingAttachesMax = 4;
var attachTimeoutMs = 1e4;
var stableMs = 2e3;
var commitsWithoutProgressMax = 8;
var hintIntervalMs = 1e3;
var refusalsBelieved = 3;
var refusalsSpanMs = 2e3;
var tombstoneMs = 6e4;
var tombstonesMax = 1024;

// packages/tunnel/src/handshake/offer.ts
var offerKinds = { first: 1, attach: 2, hint: 3 };
function encodeOffer(offer) {
  if (offer.kind === "envelope") return concatBytes4([envelopeOfferHead, offer.idHalf]);
  return concatBytes4([
    Uint8Array.of(offer.versions.length),
    offer.versions,
    Uint8Array.of(offerKinds[offer.kind]),
    uint32(offer.epoch),
    ...bodyOf(offer)
  ]);
}
function bodyOf(offer) {
  if (offer.kind === "first") return [offer.idHalf, offer.share];
  return offer.kind === "hint" ? [offer.tunnelId] : [offer.tunnelId, offer.message1];
}
function decodeOffer(bytes) {
  if (bytes.length > handshakeBytesMax) throw new TunnelError("bad_offer", "offer too long");
  const count = bytes[0];
  if (count === 0) return decodeEnvelopeOffer(bytes);
  if (count === void 0 || count > offeredVersionsMax || bytes.length < 6 + count) {
    throw new TunnelError("bad_offer", "offer too short, or too many versions");
  }
  const kind = bytes[1 + count];
  const epoch = readUint322(bytes, 2 + count);
  if (kind === offerKinds.attach) return decodeAttachOffer(bytes, count, epoch);
  if (kind === offerKinds.hint) return decodeHintOffer(bytes, count, epoch);
  const shareAt = 6 + count + tunnelIdHalfBytes;
  if (kind !== offerKinds.first || epoch !== 0 || bytes.length < shareAt + cpaceShareBytes) {
    throw new TunnelError("bad_offer", "offer is not one of a first tunnel");
  }
  return {
    kind: "first",
    versions: bytes.slice(1, 1 + count),
    epoch,
    idHalf: bytes.slice(6 + count, shareAt),
    share: bytes.slice(shareAt, shareAt + cpaceShareBytes)
  };
}
function decodeAttachOffer(bytes, count, epoch) {
  const messageAt = 6 + count + tunnelIdBytes;
  if (epoch === 0 || bytes.length !== messageAt + noiseOverheadBytes) {
    throw new TunnelError("bad_offer", `attach offer of ${bytes.length} bytes, epoch ${epoch}`);
  }
  return {
    kind: "attach",
    versions: bytes.slice(1, 1 + count),
    epoch,
    tunnelId: bytes.slice(6 + count, messageAt),
    message1: bytes.slice(messageAt)
  };
}
function decodeHintOffer(bytes, count, epoch) {
  const end2 = 6 + count + tunnelIdBytes;
  if (epoch !== 0 || bytes.length !== end2)
    throw new TunnelError("bad_offer", `hint of ${bytes.length} bytes`);
  return { kind: "hint", versions: bytes.slice(1, 1 + count), epoch, tunnelId: bytes.slice(6 + count) };
}
function decodeEnvelopeOffer(bytes) {
  if (bytes[1] !== 1 || bytes.length !== 2 + tunnelIdHalfBytes) {
    throw new TunnelError("bad_offer", "offer without versions");
  }
  return { kind: "envelope", idHalf: bytes.slice(2) };
}
var envelopeOfferHead = Uint8Array.of(0, 1);
var offeredVersions = Uint8Array.of(2);

// packages/tunnel/src/reasons.ts
var endReasons = {
  ...wireCodes,
  bad_tag: { number: 256, sentence: "a record was changed, replayed, reordered or dropped on the way" },
  bad_length: { number: 257, sentence: "a record claimed a length out of bounds" },
  bad_type: {
    number: 258,
    sentence: "a record had a type this version does not know; update the older side"
  },
  bad_record: { number: 259, sentence: "a record was malformed" },
  unexpected_record: { number: 260, sentence: "a record came that was not allowed at this point" },
  offset_violation: { number: 261, sentence: "a record named an offset it may not" },
  offset_limit: { number: 262, sentence: "the tunnel has carried all the bytes it can; connect again" },
  no_progress: { number: 263, sentence: "the tunnel was attached again and again without progress" },
  window_over: {
    number: 264,
    sentence: "no way to the other node was found within the time that a connection may be resumed in"
  }
};
var reasonByNumber = new Map(
  Object.entries(endReasons).map(([name, { number }]) => [number, name])
);
function reasonNumber(reason) {
  return endReasons[reason].number;
}
function reasonFromNumber(number) {
  return reasonByNumber.get(number) ?? "tunnel_error";
}
function reasonFromPathCode(code) {
  return code !== "ok" && Object.hasOwn(endReasons, code) && endReasons[code].number < 256 ? code : "relay_lost";
}
function reasonSentence(reason) {
  return endReasons[reason].sentence;
}

// packages/tunnel/src/record-codec.ts
var recordTypes = {
  data: 1,
  ack: 2,
  fin: 3,
  end: 4,
  ping: 5,
  pong: 6,
  ready: 7,
  attach: 8,
  gone: 9,
  relays: 10
};
function endRecord(reason, text3) {
  return { kind: "end", code: reasonNumber(reason), text: text3 };
}
function encodeRecord(record) {
  switch (record.kind) {
    case "data": {
      const parts2 = [numbersRecord(recordTypes.data, [record.start]), ...record.bytes];
      return totalBytes(record.bytes) <= joinBytesMax ? [concatBytes4(parts2)] : parts2;
    }
    case "ack":
    case "attach":
      return [numbersRecord(recordTypes[record.kind], [record.received, record.edge])];
    case "fin":
      return [numbersRecord(recordTypes.fin, [record.offset])];
    case "end":
    case "gone": {
      const text3 = utf8Bytes(record.text).subarray(0, endTextBytesMax);
      return [concatBytes4([Uint8Array.of(recordTypes[record.kind]), uint16(record.code), text3])];
    }
    case "ping":
    case "pong":
      return [numbersRecord(recordTypes[record.kind], [record.number])];
    case "ready": {
      const bytes = new Uint8Array(readyBytes);
      bytes[0] = recordTypes.ready;
      bytes.set(uint16(record.ticktimeSeconds), 1);
      writeUint64(bytes, record.edge, 3);
      bytes.set(uint32(record.windowMs), 11);
      return [bytes];
    }
    case "relays": {
      const head = Uint8Array.of(recordTypes.relays, record.relays.length);
      return [concatBytes4([head, lengthPrefixed(record.relays.map(utf8Bytes))])];
    }
  }
}
function decodeRecord(pieces) {
  const type = pieces.find((piece) => piece.length > 0)?.[0];
  if (type === void 0) throw new TunnelError("bad_length", "empty record");
  if (type === recordTypes.data) return decodeData(pieces);
  if (totalBytes(pieces) > controlBytesMax) {
    throw new TunnelError("bad_length", `record of type ${type} is too long`);
  }
  const bytes = pieces.length === 1 ? pieces[0] : concatBytes4(pieces);
  switch (type) {
    case recordTypes.ack:
    case recordTypes.attach: {
      requireBytes(bytes, 17);
      const kind = type === recordTypes.ack ? "ack" : "attach";
      return { kind, received: offsetAt(bytes, 1), edge: offsetAt(bytes, 9) };
    }
    case recordTypes.fin:
      requireBytes(bytes, 9);
      return { kind: "fin", offset: offsetAt(bytes, 1) };
    case recordTypes.end:
    case recordTypes.gone: {
      if (bytes.length < 3 || bytes.length > 3 + endTextBytesMax) {
        throw new TunnelError("bad_record", `record of type ${type} has ${bytes.length} bytes`);
      }
      const kind = type === recordTypes.end ? "end" : "gone";
      return { kind, code: readUint16(bytes, 1), text: utf8Text(bytes.subarray(3)) };
    }
    case recordTypes.relays:
      return decodeRelays(bytes);
    case recordTypes.ping:
    case recordTypes.pong:
      requireBytes(bytes, 9);
      return { kind: type === recordTypes.ping ? "ping" : "pong", number: offsetAt(bytes, 1) };
    case recordTypes.ready:
      return decodeReady(bytes);
    default:
      throw new TunnelError("bad_type", `record of unknown type ${type}`);
  }
}
function decodeData(pieces) {
  const total = totalBytes(pieces);
  if (total <= dataHeadBytes || total > dataHeadBytes + dataBytesMax2) {
    throw new TunnelError("bad_record", `DATA of ${total} bytes`);
  }
  const head = new Uint8Array(dataHeadBytes);
  const bytes = [];
  let filled = 0;
  for (const piece of pieces) {
    const toHead = Math.min(piece.length, dataHeadBytes - filled);
    if (toHead > 0) head.set(piece.subarray(0, toHead), filled);
    filled += toHead;
    if (piece.length > toHead) bytes.push(toHead === 0 ? piece : piece.subarray(toHead));
  }
  return { kind: "data", start: offsetAt(head, 1), bytes };
}
function decodeReady(bytes) {
  if (bytes.length < readyBytesMin) throw new TunnelError("bad_record", `READY of ${bytes.length} bytes`);
  return {
    kind: "ready",
    ticktimeSeconds: readUint16(bytes, 1),
    edge: offsetAt(bytes, 3),
    windowMs: bytes.length < readyBytes ? 0 : readUint322(bytes, 11)
  };
}
function decodeRelays(bytes) {
  const count = bytes[1] ?? relaysMax + 1;
  if (count > relaysMax) throw new TunnelError("bad_record", `RELAYS lists ${count}`);
  const relays = [];
  let at = 2;
  for (let index = 0; index < count; index++) {
    const textAt = at + 2;
    if (textAt > bytes.length) throw new TunnelError("bad_record", "RELAYS is cut off");
    at = textAt + readUint16(bytes, textAt - 2);
    const relay = utf8Text(bytes.subarray(textAt, at));
    if (at > bytes.length || !isRelayText(relay)) throw new TunnelError("bad_record", "RELAYS is malformed");
    relays.push(relay);
  }
  requireBytes(bytes, at);
  return { kind: "relays", relays };
}
function isRelayText(text3) {
  return text3.length <= relayBytesMax && /^[\x21-\x7e]+$/.test(text3);
}
function numbersRecord(type, numbers2) {
  const bytes = new Uint8Array(1 + 8 * numbers2.length);
  bytes[0] = type;
  numbers2.forEach((value, index) => {
    writeUint64(bytes, value, 1 + 8 * index);
  });
  return bytes;
}
function offsetAt(bytes, index) {
  const value = readUint64(bytes, index);
  if (value === void 0) throw new TunnelError("offset_violation", "a number above 2^53 - 1");
  return value;
}
function requireBytes(bytes, expected) {
  if (bytes.length !== expected) {
    throw new TunnelError("bad_record", `record of type ${bytes[0]} has ${bytes.length} bytes`);
  }
}
var dataHeadBytes = 9;
var readyBytesMin = 11;
var readyBytes = 15;

// packages/tunnel/src/attach/tombstones.ts
var Tombstones = class {
  #byId = /* @__PURE__ */ new Map();
  /** How many there are. */
  get size() {
    return this.#byId.size;
  }
  /**
   * Keeps what is left of a tunnel. With too many the oldest is forgotten.
   *
   * @param tombstone - of a tunnel that has ended.
   * @param nowMs - monotonic time.
   */
  bury(tombstone, nowMs) {
    this.#byId.set(idText(tombstone.keys.tunnelId), { ...tombstone, untilMs: nowMs + tombstoneMs });
    if (this.#byId.size > tombstonesMax) this.#forgetOldest();
  }
  /**
   * Answers an attach to a tunnel that has ended.
   *
   * @param offer - from OPEN.
   * @param nowMs - monotonic time.
   * @returns what goes back, or `undefined` when nothing is known of the tunnel: refuse the OPEN with `unknown_tunnel`.
   * @throws TunnelError `bad_offer`, `version_unsupported` or `decrypt_failed`: refuse the OPEN with `pathCode`.
   */
  respondAttach(offer, nowMs) {
    this.handleTimeout(nowMs);
    const attach = decodeOffer(offer);
    if (attach.kind !== "attach") throw new TunnelError("bad_offer", "the offer is of a new tunnel");
    const tombstone = this.#byId.get(idText(attach.tunnelId));
    if (tombstone === void 0) return void 0;
    const { answer: answer2, established } = tombstone.keys.respond(attach);
    const { reason, text: text3 } = tombstone;
    const records = established.channel.seal(
      encodeRecord({ kind: "gone", code: reasonNumber(reason), text: text3 })
    );
    established.channel.wipe();
    return { answer: answer2, records };
  }
  /**
   * Forgets what is older than a minute.
   *
   * @param nowMs - monotonic time.
   */
  handleTimeout(nowMs) {
    for (const { untilMs } of this.#byId.values()) {
      if (untilMs > nowMs) return;
      this.#forgetOldest();
    }
  }
  /** When `handleTimeout` has something to do; `undefined` when there is nothing left. */
  pollTimeout() {
    for (const { untilMs } of this.#byId.values()) return { atMs: untilMs, why: "tombstone" };
    return void 0;
  }
  /** Forgets all: the process ends. */
  clear() {
    while (this.#byId.size > 0) this.#forgetOldest();
  }
  #forgetOldest() {
    for (const [id, { keys }] of this.#byId) {
      keys.wipe();
      this.#byId.delete(id);
      return;
    }
  }
};
function idText(tunnelId) {
  return String.fromCharCode(...tunnelId);
}

// packages/tunnel/src/flow/ring-budget.ts
var RingBudget = class {
  /** Bound, bytes. Exceeded only by the least that each tunnel gets. */
  bytesMax;
  #usedBytes = 0;
  /**
   * @param bytesMax - 0 or more. Default: 256 MiB.
   */
  constructor(bytesMax = ringBudgetBytesDefault) {
    this.bytesMax = bytesMax;
  }
  /** What is taken now. */
  get usedBytes() {
    return this.#usedBytes;
  }
  /**
   * Takes bytes if they are there.
   *
   * @param bytes - how many.
   * @returns whether they were taken.
   */
  take(bytes) {
    if (this.#usedBytes + bytes > this.bytesMax) return false;
    this.#usedBytes += bytes;
    return true;
  }
  /**
   * Takes what a tunnel begins with.
   *
   * @param bytes - wanted; `least`: taken in any case, so that the tunnel moves.
   * @returns how many were taken.
   */
  takeStart({ bytes, least }) {
    const taken = Math.max(Math.min(bytes, least), Math.min(bytes, this.bytesMax - this.#usedBytes));
    this.#usedBytes += taken;
    return taken;
  }
  /**
   * Gives bytes back.
   *
   * @param bytes - taken before.
   */
  give(bytes) {
    this.#usedBytes -= bytes;
  }
};

// packages/tunnel/src/channel/record-channel.ts
var RecordChannel = class {
  #sealer;
  #opener;
  /**
   * @param options - see {@link RecordChannelOptions}.
   * @throws CryptoError `bad_key` or `bad_option`.
   */
  constructor({ sendKey, receiveKey, rekeyEveryRecords }) {
    const limits = rekeyEveryRecords === void 0 ? {} : { rekeyEveryRecords };
    this.#sealer = new RecordSealer({ key: sendKey, ...limits });
    this.#opener = new RecordOpener({ key: receiveKey, ...limits });
    wipe(sendKey);
    wipe(receiveKey);
  }
  seal(parts2) {
    return this.#sealer.seal(parts2);
  }
  push(chunk) {
    this.#opener.push(chunk);
  }
  next() {
    return this.#opener.next();
  }
  get bufferedBytes() {
    return this.#opener.bufferedBytes;
  }
  wipe() {
    this.#sealer.wipe();
    this.#opener.wipe();
  }
};

// packages/tunnel/src/handshake/context.ts
function channelIdentifier({ realm, initiatorName, responderName }) {
  return lengthPrefixed(["macula-tunnel cpace", realm, initiatorName, responderName].map(utf8Bytes));
}
function noisePrologue(input) {
  const { realm, initiatorName, responderName } = input.parties;
  return lengthPrefixed([
    utf8Bytes("macula-tunnel"),
    input.versions,
    Uint8Array.of(input.kind),
    utf8Bytes(realm),
    utf8Bytes(initiatorName),
    utf8Bytes(responderName),
    input.tunnelId,
    uint32(input.epoch)
  ]);
}
function joinTunnelId(halves) {
  return concatBytes4([halves.initiator, halves.responder]);
}

// packages/tunnel/src/attach/attach-answer.ts
function encodeAttachAnswer(message2) {
  return concatBytes4([Uint8Array.of(2), message2]);
}
function decodeAttachAnswer(bytes) {
  if (bytes.length > 0 && bytes[0] !== 2) {
    throw new TunnelError("version_unsupported", `answer chose version ${bytes[0]}`);
  }
  if (bytes.length !== 1 + noiseOverheadBytes) {
    throw new TunnelError("bad_answer", `attach answer of ${bytes.length} bytes`);
  }
  return bytes.slice(1);
}

// packages/tunnel/src/attach/attach-keys.ts
var AttachKeys = class {
  #options;
  #isWiped = false;
  /**
   * @param options - see {@link AttachKeysOptions}.
   */
  constructor(options) {
    this.#options = options;
  }
  /** 32 bytes. */
  get tunnelId() {
    return this.#options.tunnelId;
  }
  /** Source of unpredictable bytes, for what else an attach needs. */
  get random() {
    return this.#options.random;
  }
  /**
   * Begins an attach at the initiator.
   *
   * @param epoch - 1 to 2^32 - 1, never used before.
   * @throws CryptoError `bad_random` when the source misbehaves.
   */
  initiate(epoch) {
    const noise = this.#noise("initiator", { versions: offeredVersions, epoch });
    const message1 = noise.writeMessage(new Uint8Array(0));
    const { tunnelId } = this.#options;
    const offer = encodeOffer({ kind: "attach", versions: offeredVersions, epoch, tunnelId, message1 });
    return new AttachInitiator(offer, (message2) => {
      noise.readMessage(message2);
      return this.#established(noise);
    });
  }
  /**
   * Answers an attach at the responder. Costs little for an offer without the secret.
   *
   * @param offer - its epoch is for the caller to judge.
   * @throws TunnelError `version_unsupported`, `decrypt_failed`.
   */
  respond(offer) {
    if (!offer.versions.includes(2)) {
      throw new TunnelError("version_unsupported", "no offered version is configured here");
    }
    try {
      const noise = this.#noise("responder", offer);
      noise.readMessage(offer.message1);
      const answer2 = encodeAttachAnswer(noise.writeMessage(new Uint8Array(0)));
      return new AttachResponder(answer2, this.#established(noise));
    } catch (cause) {
      throw handshakeError(cause, "the attach is not of this tunnel, or was changed");
    }
  }
  /** Overwrites the secret; nothing can be attached any more. */
  wipe() {
    this.#isWiped = true;
    wipe(this.#options.secret);
  }
  #noise(role, { versions, epoch }) {
    if (this.#isWiped) throw new TunnelError("internal", "the resumption secret is wiped");
    const { parties, tunnelId, secret, random } = this.#options;
    const psk = deriveAttachPsk(secret, epoch);
    const prologue = noisePrologue({ versions, kind: offerKinds.attach, parties, tunnelId, epoch });
    const noise = new NoiseNNpsk0({ role, prologue, psk, random });
    wipe(psk);
    return noise;
  }
  #established(noise) {
    const { tunnelId, rekeyEveryRecords } = this.#options;
    const { sendKey, receiveKey, resumptionSecret } = noise.split();
    wipe(resumptionSecret);
    const channel = new RecordChannel({
      sendKey,
      receiveKey,
      ...rekeyEveryRecords === void 0 ? {} : { rekeyEveryRecords }
    });
    return { tunnelId, channel, greeting: [], peerBootId: void 0 };
  }
};
var AttachInitiator = class {
  /** What goes into OPEN. */
  offer;
  #read;
  /**
   * @param offer - the encoded offer.
   * @param read - takes Noise message 2, once.
   */
  constructor(offer, read2) {
    this.offer = offer;
    this.#read = read2;
  }
  /**
   * Takes the answer of OPEN_OK. Call it once.
   *
   * @param answer - the whole answer.
   * @throws TunnelError `bad_answer`, `version_unsupported` or `decrypt_failed`.
   */
  finish(answer2) {
    const message2 = decodeAttachAnswer(answer2);
    try {
      return this.#read(message2);
    } catch (cause) {
      throw handshakeError(cause, "the answer is not of this tunnel, or was changed");
    }
  }
};
var AttachResponder = class {
  /** What goes into OPEN_OK. */
  answer;
  /** Keys of the path. That the initiator is alive is shown by its first record only: an offer can be replayed. */
  established;
  /**
   * @param answer - the encoded answer.
   * @param established - what the handshake gave.
   */
  constructor(answer2, established) {
    this.answer = answer2;
    this.established = established;
  }
};

// packages/tunnel/src/channel/envelope-channel.ts
var EnvelopeChannel = class {
  #tunnelKey;
  #random;
  #sendHead;
  #receiveHead;
  #opener;
  /**
   * @param options - see {@link EnvelopeChannelOptions}.
   * @throws CryptoError `bad_key`.
   */
  constructor({ tunnelKey, tunnelId, role, random }) {
    const fromInitiator = concatBytes4([tunnelId, Uint8Array.of(1)]);
    const fromResponder = concatBytes4([tunnelId, Uint8Array.of(2)]);
    this.#tunnelKey = Uint8Array.from(tunnelKey);
    this.#random = random;
    this.#sendHead = role === "initiator" ? fromInitiator : fromResponder;
    this.#receiveHead = role === "initiator" ? fromResponder : fromInitiator;
    this.#opener = new EnvelopeV1Opener(this.#tunnelKey);
  }
  seal(parts2) {
    return sealFrameV1(this.#tunnelKey, concatBytes4([this.#sendHead, ...parts2]), this.#random);
  }
  push(chunk) {
    this.#opener.push(chunk);
  }
  next() {
    const pieces = this.#opener.next();
    if (pieces === void 0) return void 0;
    const plaintext = pieces.length === 1 ? pieces[0] : concatBytes4(pieces);
    if (!equalBytes2(plaintext.subarray(0, envelopeHeadBytes), this.#receiveHead)) {
      throw new TunnelError("bad_tag", "envelope of another tunnel or direction");
    }
    return [plaintext.subarray(envelopeHeadBytes)];
  }
  get bufferedBytes() {
    return this.#opener.bufferedBytes;
  }
  wipe() {
    wipe(this.#tunnelKey);
  }
};
var envelopeHeadBytes = tunnelIdBytes + 1;

// packages/tunnel/src/handshake/answer.ts
function encodeAnswerHead(head) {
  return concatBytes4([Uint8Array.of(head.version), head.idHalf, head.bootId]);
}
function encodeAnswer(answer2) {
  return concatBytes4([answer2.head, answer2.share, uint16(answer2.message1.length), answer2.message1]);
}
function decodeAnswer(bytes) {
  if (bytes.length < answerHeadBytes || bytes.length > handshakeBytesMax) {
    throw new TunnelError("bad_answer", `answer of ${bytes.length} bytes`);
  }
  const version = bytes[0];
  const idHalf = bytes.slice(1, 1 + tunnelIdHalfBytes);
  const bootId = bytes.slice(1 + tunnelIdHalfBytes, answerHeadBytes);
  if (version === 1 && bytes.length === answerHeadBytes) return { kind: "envelope", idHalf, bootId };
  if (version !== 2) throw new TunnelError("version_unsupported", `answer chose version ${version}`);
  const lengthAt = answerHeadBytes + cpaceShareBytes;
  if (bytes.length < lengthAt + 2 || bytes.length !== lengthAt + 2 + readUint16(bytes, lengthAt)) {
    throw new TunnelError("bad_answer", `answer of ${bytes.length} bytes`);
  }
  return {
    kind: "first",
    head: bytes.slice(0, answerHeadBytes),
    idHalf,
    bootId,
    share: bytes.slice(answerHeadBytes, lengthAt),
    message1: bytes.slice(lengthAt + 2)
  };
}
var answerHeadBytes = 1 + tunnelIdHalfBytes + bootIdBytes;

// packages/tunnel/src/handshake/initiator.ts
var InitiatorHandshake = class {
  /** What goes into OPEN. */
  offer;
  #options;
  #idHalf;
  #cpace;
  /**
   * Takes a few milliseconds in protocol 2.
   *
   * @param options - see {@link HandshakeOptions}.
   * @throws CryptoError `bad_random` when the source misbehaves.
   */
  constructor(options) {
    this.#options = options;
    const idHalf = Uint8Array.from(options.random(tunnelIdHalfBytes));
    this.#idHalf = idHalf;
    if (options.protocol === 1) {
      this.offer = encodeOffer({ kind: "envelope", idHalf });
      return;
    }
    this.#cpace = cpaceStart({
      password: options.tunnelKey,
      channelIdentifier: channelIdentifier(options.parties),
      sessionId: idHalf,
      random: options.random
    });
    const share = this.#cpace.share;
    this.offer = encodeOffer({ kind: "first", versions: offeredVersions, epoch: 0, idHalf, share });
  }
  /**
   * Takes the answer of OPEN_OK. Call it once.
   *
   * @param bytes - the whole answer.
   * @returns the channel, and in `greeting` what must be sent before the first record.
   * @throws TunnelError `bad_answer`, `version_unsupported`, or `decrypt_failed` when cookie, realm or names differ.
   */
  finish(bytes) {
    const answer2 = decodeAnswer(bytes);
    const tunnelId = joinTunnelId({ initiator: this.#idHalf, responder: answer2.idHalf });
    if (answer2.kind === "envelope" && this.#options.protocol === 1) {
      const { tunnelKey, random } = this.#options;
      const channel = new EnvelopeChannel({ tunnelKey, tunnelId, role: "initiator", random });
      return { tunnelId, channel, greeting: [], peerBootId: answer2.bootId };
    }
    if (answer2.kind === "envelope" || this.#cpace === void 0) {
      throw new TunnelError("version_unsupported", "the answer is of a protocol that was not offered");
    }
    return this.#finishFirst(this.#cpace, answer2, tunnelId);
  }
  #finishFirst(cpace, answer2, tunnelId) {
    const { parties, random, rekeyEveryRecords } = this.#options;
    try {
      const isk = cpaceFinish({
        role: "initiator",
        secret: cpace.secret,
        ownShare: cpace.share,
        peerShare: answer2.share,
        sessionId: this.#idHalf,
        initiatorData: this.offer,
        responderData: answer2.head
      });
      const psk = deriveFirstPsk(isk);
      const prologue = noisePrologue({
        versions: offeredVersions,
        kind: offerKinds.first,
        parties,
        tunnelId,
        epoch: 0
      });
      const noise = new NoiseNNpsk0({ role: "responder", prologue, psk, random });
      wipe(isk);
      wipe(psk);
      noise.readMessage(answer2.message1);
      const message2 = noise.writeMessage(new Uint8Array(0));
      const { sendKey, receiveKey, resumptionSecret } = noise.split();
      const rekey = rekeyEveryRecords === void 0 ? {} : { rekeyEveryRecords };
      const channel = new RecordChannel({ sendKey, receiveKey, ...rekey });
      const attachKeys = new AttachKeys({ tunnelId, secret: resumptionSecret, parties, random, ...rekey });
      const greeting = [concatBytes4([uint16(message2.length), message2])];
      return { tunnelId, channel, greeting, peerBootId: answer2.bootId, attachKeys };
    } catch (cause) {
      throw handshakeError(cause, "cookie, realm or node names differ");
    } finally {
      wipe(cpace.secret);
    }
  }
};

// packages/tunnel/src/handshake/responder.ts
var ResponderHandshake = class {
  /** What goes into OPEN_OK. */
  answer;
  #options;
  #tunnelId;
  #noise;
  #received = new Uint8Array(0);
  /**
   * Takes a few milliseconds in protocol 2: slow down who asks too often.
   *
   * @param options - see {@link ResponderHandshakeOptions}.
   * @param offerBytes - from OPEN.
   * @throws TunnelError `bad_offer`, `version_unsupported`, or `decrypt_failed` for a share that is none.
   */
  constructor(options, offerBytes) {
    this.#options = options;
    const { protocol, bootId, random } = options;
    const offer = decodeOffer(offerBytes);
    if (offer.kind === "attach" || offer.kind === "hint")
      throw new TunnelError("bad_offer", "the offer is of a tunnel that exists");
    const idHalf = Uint8Array.from(random(tunnelIdHalfBytes));
    this.#tunnelId = joinTunnelId({ initiator: offer.idHalf, responder: idHalf });
    const head = encodeAnswerHead({ version: protocol, idHalf, bootId });
    if (offer.kind === "envelope") {
      if (protocol !== 1) throw new TunnelError("version_unsupported", "protocol 1 is not configured here");
      this.answer = head;
      return;
    }
    if (protocol !== 2 || !offer.versions.includes(2)) {
      throw new TunnelError("version_unsupported", "no offered version is configured here");
    }
    const started = this.#startNoise(offer, offerBytes, head);
    this.#noise = started.noise;
    this.answer = encodeAnswer({ head, share: started.share, message1: started.message1 });
  }
  /**
   * Takes bytes of the path, until the handshake is finished.
   *
   * @param chunk - any part of the stream.
   * @returns what was established and the bytes behind the handshake, or `undefined` when more are needed.
   * @throws TunnelError `decrypt_failed`.
   */
  push(chunk) {
    if (this.#noise === void 0) return { established: this.#establishedV1(), rest: chunk };
    this.#received = this.#received.length === 0 ? chunk : concatBytes4([this.#received, chunk]);
    if (this.#received.length < 2) return void 0;
    const messageBytes = readUint16(this.#received, 0);
    if (messageBytes !== noiseOverheadBytes) {
      throw new TunnelError("decrypt_failed", `Noise message 2 of ${messageBytes} bytes`);
    }
    if (this.#received.length < 2 + messageBytes) return void 0;
    const established = this.#finish(this.#noise, this.#received.subarray(2, 2 + messageBytes));
    return { established, rest: this.#received.subarray(2 + messageBytes) };
  }
  #startNoise(offer, offerBytes, head) {
    const { parties, tunnelKey, random } = this.#options;
    const { share, secret } = cpaceStart({
      password: tunnelKey,
      channelIdentifier: channelIdentifier(parties),
      sessionId: offer.idHalf,
      random
    });
    try {
      const isk = cpaceFinish({
        role: "responder",
        secret,
        ownShare: share,
        peerShare: offer.share,
        sessionId: offer.idHalf,
        initiatorData: offerBytes,
        responderData: head
      });
      const psk = deriveFirstPsk(isk);
      const prologue = noisePrologue({
        versions: offer.versions,
        kind: offerKinds.first,
        parties,
        tunnelId: this.#tunnelId,
        epoch: offer.epoch
      });
      const noise = new NoiseNNpsk0({ role: "initiator", prologue, psk, random });
      wipe(isk);
      wipe(psk);
      return { noise, share, message1: noise.writeMessage(new Uint8Array(0)) };
    } finally {
      wipe(secret);
    }
  }
  #finish(noise, message2) {
    try {
      noise.readMessage(message2);
    } catch (cause) {
      throw handshakeError(cause, "the path changed the handshake");
    }
    const { sendKey, receiveKey, resumptionSecret } = noise.split();
    const { parties, random, rekeyEveryRecords } = this.#options;
    const rekey = rekeyEveryRecords === void 0 ? {} : { rekeyEveryRecords };
    const tunnelId = this.#tunnelId;
    const channel = new RecordChannel({ sendKey, receiveKey, ...rekey });
    const attachKeys = new AttachKeys({ tunnelId, secret: resumptionSecret, parties, random, ...rekey });
    return { tunnelId, channel, greeting: [], peerBootId: void 0, attachKeys };
  }
  #establishedV1() {
    const { tunnelKey, random } = this.#options;
    const channel = new EnvelopeChannel({ tunnelKey, tunnelId: this.#tunnelId, role: "responder", random });
    return { tunnelId: this.#tunnelId, channel, greeting: [], peerBootId: void 0 };
  }
};

// packages/tunnel/src/paths/path.ts
var Path = class _Path {
  /** Number of the path at this side; the first is 0. */
  id;
  /** 0 for the first path, else the attach's. */
  epoch;
  /** Until when an attach may be pending, monotonic milliseconds. */
  deadlineMs;
  /** Whether this side has finished its half: nothing can be sent any more. */
  ownHalfEnded = false;
  /** Whether the peer's half is at its end. */
  peerHalfEnded = false;
  #handshake;
  #established;
  #isBroken = false;
  /** Sealed and not yet taken. */
  #pieces = [];
  #recordsIn = 0;
  #recordsOut = 0;
  /**
   * @param numbers - see {@link PathNumbers}.
   * @param handshake - begun.
   */
  constructor({ id, epoch, deadlineMs }, handshake) {
    this.id = id;
    this.epoch = epoch;
    this.deadlineMs = deadlineMs;
    this.#handshake = handshake;
    if (handshake instanceof AttachResponder) this.#established = handshake.established;
  }
  /**
   * The path a tunnel's first OPEN asks for.
   *
   * @param options - see {@link HandshakeOptions}.
   * @throws TunnelError `internal` when the random source misbehaves.
   */
  static initiate(options) {
    return ownErrors(() => new _Path(first, new InitiatorHandshake(options)));
  }
  /**
   * The path a tunnel's first OPEN brought.
   *
   * @param options - see {@link ResponderHandshakeOptions}.
   * @param offer - from OPEN.
   * @throws TunnelError `bad_offer`, `version_unsupported`, `decrypt_failed`, or `internal` when the random source
   *   misbehaves.
   */
  static respond(options, offer) {
    return ownErrors(() => new _Path(first, new ResponderHandshake(options, offer)));
  }
  /** What goes into OPEN; `undefined` at the responder. */
  get offer() {
    return "offer" in this.#handshake ? this.#handshake.offer : void 0;
  }
  /** What goes into OPEN_OK; `undefined` at the initiator. */
  get answer() {
    return "answer" in this.#handshake ? this.#handshake.answer : void 0;
  }
  /** What the handshake gave; `undefined` until it is through. */
  get established() {
    return this.#established;
  }
  /** Whether something came that was no record: nothing more can be read, sealing goes on. */
  get isBroken() {
    return this.#isBroken;
  }
  /** Records opened. */
  get recordsIn() {
    return this.#recordsIn;
  }
  /** Records sealed. */
  get recordsOut() {
    return this.#recordsOut;
  }
  /**
   * Initiator: the answer of OPEN_OK, once.
   *
   * @param answer - the whole answer.
   * @throws TunnelError `bad_answer`, `version_unsupported` or `decrypt_failed`.
   */
  handleAnswer(answer2) {
    if (!("offer" in this.#handshake) || this.#established !== void 0) {
      throw new TunnelError("internal", "no answer is expected");
    }
    this.#established = this.#handshake.finish(answer2);
    this.#pieces.push(...this.#established.greeting);
  }
  /**
   * Takes received bytes: of the handshake, then of records.
   *
   * @param bytes - any part of the stream; belong to the path from now on.
   * @throws TunnelError `decrypt_failed` from the handshake.
   */
  push(bytes) {
    if (this.#established !== void 0) {
      this.#established.channel.push(bytes);
    } else if (this.#handshake instanceof ResponderHandshake) {
      const result = this.#handshake.push(bytes);
      if (result === void 0) return;
      this.#established = result.established;
      this.#established.channel.push(result.rest);
    }
  }
  /**
   * The next record, verified and decoded, or `undefined` when more bytes are needed.
   *
   * @throws TunnelError or CryptoError when there is no such record; the path is broken then.
   */
  next() {
    try {
      const plaintext = this.#established?.channel.next();
      if (plaintext === void 0) return void 0;
      this.#recordsIn++;
      return decodeRecord(plaintext);
    } catch (thrown) {
      this.#isBroken = true;
      throw thrown;
    }
  }
  /**
   * Seals a record behind those that wait to be taken.
   *
   * @param record - what to send.
   * @throws TunnelError `internal` before the handshake is through; CryptoError `nonce_exhausted`.
   */
  seal(record) {
    if (this.#established === void 0) throw new TunnelError("internal", "no keys to seal with");
    for (const piece of this.#established.channel.seal(encodeRecord(record))) this.#pieces.push(piece);
    this.#recordsOut++;
  }
  /** What was sealed since the last call, in order, or `undefined`. */
  take() {
    if (this.#pieces.length === 0) return void 0;
    const taken = this.#pieces;
    this.#pieces = [];
    return taken;
  }
  /** Overwrites the keys; nothing is sealed or opened any more. What was sealed can still be taken. */
  wipe() {
    this.#established?.channel.wipe();
  }
};
function ownErrors(step) {
  try {
    return step();
  } catch (thrown) {
    throw TunnelError.from(thrown);
  }
}
var first = { id: 0, epoch: 0, deadlineMs: Number.POSITIVE_INFINITY };

// packages/tunnel/src/attach/recovery.ts
var Recovery = class {
  #windowMs;
  #random;
  #windowSinceMs;
  #lookingSinceMs;
  #from = { acked: 0, delivered: 0 };
  #resumedAtMs = 0;
  #probed = false;
  #commits = 0;
  #tries = 0;
  #lastTryMs = 0;
  #delayMs = 0;
  #hurryAtMs = never;
  #hintedAtMs = -never;
  /**
   * @param windowMs - from the loss of the path to the end of the tunnel.
   * @param random - source of jitter.
   */
  constructor(windowMs, random) {
    this.#windowMs = windowMs;
    this.#random = random;
  }
  /** Since when a path is looked for; `undefined` when none is. */
  get lookingSinceMs() {
    return this.#lookingSinceMs;
  }
  /** Whether the tunnel was resumed and has not yet shown progress. */
  get isUnsettled() {
    return this.#windowSinceMs !== void 0 && this.#lookingSinceMs === void 0;
  }
  /** When the window is over; never while nothing is recovered from. */
  get windowEndMs() {
    return this.#windowSinceMs === void 0 ? never : this.#windowSinceMs + this.#windowMs;
  }
  /** When an unsettled tunnel has to send PING, to see whether its path is stable. */
  get probeAtMs() {
    return this.isUnsettled && !this.#probed ? this.#resumedAtMs + stableMs : never;
  }
  /**
   * The path is lost or doubted; again while looking: nothing.
   *
   * @param offsets - how far the tunnel has come.
   * @param nowMs - monotonic time.
   * @returns false when it was resumed too often without progress.
   */
  begin(offsets, nowMs) {
    if (this.#lookingSinceMs !== void 0) return true;
    if (this.#windowSinceMs === void 0) {
      this.#windowSinceMs = nowMs;
      this.#from = offsets;
    }
    this.#lookingSinceMs = nowMs;
    this.#hurryAtMs = never;
    return this.#commits < commitsWithoutProgressMax;
  }
  /**
   * This process slept: the window and the schedule begin now.
   *
   * @param nowMs - monotonic time.
   */
  handleSleep(nowMs) {
    if (this.#windowSinceMs !== void 0) this.#windowSinceMs = nowMs;
    this.#tries = 0;
  }
  /**
   * When the next try is due.
   *
   * @param pending - `count`: tries under way; `srttMs`: round trip of the path before, where known.
   */
  nextTryMs({ count, srttMs }) {
    if (this.#lookingSinceMs === void 0) return never;
    if (this.#tries === 0) return this.#lookingSinceMs;
    const leastMs = count === 0 ? 0 : pendingRoundTrips * (srttMs ?? 0);
    return Math.min(this.#lastTryMs + Math.max(this.#delayMs, leastMs), this.#hurryAtMs);
  }
  /**
   * A try is made.
   *
   * @param nowMs - monotonic time.
   */
  handleTry(nowMs) {
    const delayMs = tryDelaysMs[Math.min(this.#tries, tryDelaysMs.length - 1)];
    const spread = 2 * this.#random(1)[0] / 255 - 1;
    this.#delayMs = delayMs * (1 + tryJitter * spread);
    this.#tries++;
    this.#lastTryMs = nowMs;
    this.#hurryAtMs = never;
  }
  /**
   * A hint came: the next try is made now, or as soon as hints may be heeded again.
   *
   * @param nowMs - monotonic time.
   * @returns whether it is heeded now.
   */
  handleHint(nowMs) {
    const heedAtMs = this.#hintedAtMs + hintIntervalMs;
    if (nowMs < heedAtMs) {
      if (this.#lookingSinceMs !== void 0) this.#hurryAtMs = heedAtMs;
      return false;
    }
    this.#hintedAtMs = nowMs;
    if (this.#lookingSinceMs !== void 0) this.#hurryAtMs = nowMs;
    return true;
  }
  /**
   * The tunnel has a path that works.
   *
   * @param how - whether an attach committed, or the old path came back to life.
   * @param nowMs - monotonic time.
   */
  resume(how, nowMs) {
    this.#lookingSinceMs = void 0;
    this.#resumedAtMs = nowMs;
    this.#probed = false;
    if (how === "commit") this.#commits++;
  }
  /** The PING of {@link probeAtMs} was asked for. */
  handleProbed() {
    this.#probed = true;
  }
  /**
   * Looks for progress in what has come.
   *
   * @param offsets - how far the tunnel has come.
   */
  observe({ acked, delivered }) {
    if (!this.isUnsettled) return;
    if (acked > this.#from.acked || delivered > this.#from.delivered) this.#settle();
  }
  /**
   * The last PING was answered.
   *
   * @param nowMs - monotonic time.
   */
  handlePong(nowMs) {
    if (this.isUnsettled && nowMs >= this.#resumedAtMs + stableMs) this.#settle();
  }
  #settle() {
    this.#windowSinceMs = void 0;
    this.#commits = 0;
    this.#tries = 0;
  }
};
var never = Number.POSITIVE_INFINITY;

// packages/tunnel/src/attach/refusals.ts
var Refusals = class {
  #peerBootId;
  #relays = /* @__PURE__ */ new Set();
  #count = 0;
  #firstMs = 0;
  /**
   * @param peerBootId - the responder's, from the first answer.
   */
  constructor(peerBootId) {
    this.#peerBootId = peerBootId;
  }
  /**
   * Takes a refusal.
   *
   * @param refusal - as it came.
   * @param nowMs - monotonic time.
   * @returns whether the tunnel is gone at the peer: its agent has another boot id, or several refusals agree.
   */
  handle({ code, via, bootId }, nowMs) {
    if (code !== "unknown_tunnel") return false;
    if (bootId !== void 0 && this.#peerBootId !== void 0 && !equalBytes2(bootId, this.#peerBootId)) {
      return true;
    }
    if (this.#count === 0) this.#firstMs = nowMs;
    this.#count++;
    if (via !== void 0 && this.#relays.size < 2) this.#relays.add(via);
    return this.#relays.size > 1 || this.#count >= refusalsBelieved && nowMs - this.#firstMs >= refusalsSpanMs;
  }
  /** An attach has committed: what was said before is refuted. */
  clear() {
    this.#relays.clear();
    this.#count = 0;
  }
};

// packages/tunnel/src/attach/attacher.ts
var Attacher = class {
  /** The peer's relays, as it has told them. */
  hints = [];
  #options;
  #recovery;
  #refusals;
  #epochTried = 0;
  #epochCommitted = 0;
  #reattachments = 0;
  #needsPong = false;
  #srttMs;
  #hintAtMs = never2;
  /**
   * @param options - see {@link AttacherOptions}.
   */
  constructor(options) {
    this.#options = options;
    this.#recovery = new Recovery(options.windowMs, options.keys.random);
    this.#refusals = new Refusals(options.peerBootId);
  }
  /** The keys, for a tombstone. */
  get keys() {
    return this.#options.keys;
  }
  /** Whether a path is looked for. */
  get isLooking() {
    return this.#recovery.lookingSinceMs !== void 0;
  }
  /** Since when, monotonic milliseconds. */
  get lookingSinceMs() {
    return this.#recovery.lookingSinceMs;
  }
  /** Whether progress since the last loss has not been seen yet. */
  get isUnsettled() {
    return this.#recovery.isUnsettled;
  }
  /** Whether the old path is alive only when it answers a new PING. */
  get needsPong() {
    return this.#needsPong;
  }
  /** Number of the last committed attach. */
  get epoch() {
    return this.#epochCommitted;
  }
  /** How many attaches have committed. */
  get reattachments() {
    return this.#reattachments;
  }
  /** When the window is over, while a path is looked for. */
  get windowEndMs() {
    return this.isLooking ? this.#recovery.windowEndMs : never2;
  }
  /** When {@link probe} is due: PING shows whether a resumed tunnel is stable. */
  get probeAtMs() {
    return this.#recovery.probeAtMs;
  }
  /** When {@link handleTimeout} has something to do. */
  get deadlineMs() {
    const pending = this.#options.paths.pending;
    const expiryMs = pending.reduce((atMs, { deadlineMs }) => Math.min(atMs, deadlineMs), never2);
    return Math.min(expiryMs, this.#nextAtMs);
  }
  /**
   * The path is lost or doubted: looks for another one, at once.
   *
   * @param loss - see {@link Loss}.
   * @param nowMs - monotonic time.
   * @returns false when the tunnel was resumed too often without progress: it ends.
   */
  begin({ reason, offsets, srttMs, isQuiet }, nowMs) {
    const wasLooking = this.isLooking;
    if (!this.#recovery.begin(offsets, nowMs)) return false;
    if (reason === "slept") this.#recovery.handleSleep(nowMs);
    if (reason === "slept" || !wasLooking) this.#needsPong = reason === "slept";
    if (!wasLooking) {
      this.#srttMs = srttMs;
      this.#hintAtMs = nowMs;
    }
    const isNews = !wasLooking || reason === "slept";
    if (isNews && !isQuiet) {
      const deadlineMs = this.#recovery.windowEndMs;
      this.#options.outputs.push({ kind: "detached", reason, deadlineMs });
    }
    this.#act(nowMs);
    return true;
  }
  /**
   * Responder: an OPEN with an attach offer.
   *
   * @param bytes - the offer.
   * @param attachRecord - gives the first record of the path, asked once the offer has turned out to be true.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_offer`, `not_attachable`, `stale_epoch`, `version_unsupported` or `decrypt_failed`; nothing
   *   has changed then.
   */
  respond(bytes, attachRecord, nowMs) {
    const offer = decodeOffer(bytes);
    if (offer.kind !== "attach") throw new TunnelError("bad_offer", "the offer is of a new tunnel");
    const { keys } = this.#options;
    if (!equalBytes2(offer.tunnelId, keys.tunnelId)) {
      throw new TunnelError("not_attachable", "the attach is for another tunnel");
    }
    this.#requireNew(offer.epoch);
    const handshake = keys.respond(offer);
    const path = this.#add(offer.epoch, handshake, nowMs);
    path.seal(attachRecord());
    return { pathId: path.id, answer: handshake.answer };
  }
  /**
   * Initiator: the answer to an offer of ours. One that is none costs the attach.
   *
   * @param path - pending.
   * @param answer - from OPEN_OK.
   */
  handleAnswer(path, answer2) {
    try {
      path.handleAnswer(answer2);
    } catch (thrown) {
      this.drop(path, TunnelError.from(thrown).pathCode);
    }
  }
  /**
   * Bytes of a pending attach. Any that are not the first record costs the attach.
   *
   * @param path - pending.
   * @param bytes - any part of the stream.
   * @returns the first record, or `undefined` when more bytes are needed or the attach is gone.
   */
  read(path, bytes) {
    try {
      path.push(bytes);
      const record = path.next();
      if (record === void 0 || record.kind === "attach") return record;
      if (record.kind === "gone" && this.#options.role === "initiator") return record;
      throw new TunnelError("unexpected_record", `${record.kind} before ATTACH`);
    } catch (thrown) {
      this.drop(path, TunnelError.from(thrown).pathCode);
      return void 0;
    }
  }
  /**
   * A pending attach is gone, or was refused.
   *
   * @param path - pending.
   * @param closed - the code, or lost.
   * @param nowMs - monotonic time.
   * @returns whether the tunnel may be taken to be gone at the peer.
   */
  handleClosed(path, closed, nowMs) {
    this.#options.paths.remove(path);
    return "code" in closed && this.#refusals.handle(closed, nowMs);
  }
  /**
   * Responder: the initiator's agent refuses a hint.
   *
   * @param refusal - as it came.
   * @param nowMs - monotonic time.
   * @returns whether the tunnel may be taken to be gone at the peer.
   */
  isRefused(refusal, nowMs) {
    return this.isLooking && this.#refusals.handle(refusal, nowMs);
  }
  /**
   * A pending attach commits.
   *
   * @param path - pending.
   * @param offsets - how far the tunnel has come.
   * @param nowMs - monotonic time.
   */
  commit(path, offsets, nowMs) {
    const { paths, outputs, role } = this.#options;
    for (const { id } of paths.commit(path)) {
      outputs.push({ kind: "reset_path", pathId: id, code: "superseded" });
    }
    if (role === "initiator") this.dropAll();
    this.#epochCommitted = path.epoch;
    this.#reattachments++;
    this.#refusals.clear();
    this.#hintAtMs = never2;
    this.#recovery.begin(offsets, nowMs);
    this.#recovery.resume("commit", nowMs);
  }
  /**
   * The old path lives: nothing else is needed. A responder keeps what is pending, for the path may be dead the other way.
   *
   * @param nowMs - monotonic time.
   */
  keepOldPath(nowMs) {
    if (this.#options.role === "initiator") this.dropAll();
    this.#hintAtMs = never2;
    this.#recovery.resume("old_path", nowMs);
  }
  /**
   * Looks for progress after a resumption.
   *
   * @param offsets - how far the tunnel has come.
   */
  observe(offsets) {
    this.#recovery.observe(offsets);
  }
  /**
   * The last PING was answered.
   *
   * @param nowMs - monotonic time.
   */
  handlePong(nowMs) {
    this.#recovery.handlePong(nowMs);
  }
  /** The PING of {@link probeAtMs} was asked for. */
  handleProbed() {
    this.#recovery.handleProbed();
  }
  /**
   * Initiator: the peer, or a session of our own, says that a try is worth while.
   *
   * @param nowMs - monotonic time.
   * @returns whether the present path should be asked by PING.
   */
  handleHint(nowMs) {
    if (this.#options.role !== "initiator" || !this.#recovery.handleHint(nowMs)) return false;
    this.#act(nowMs);
    return !this.isLooking;
  }
  /**
   * The time of {@link deadlineMs} has come.
   *
   * @param nowMs - monotonic time.
   */
  handleTimeout(nowMs) {
    for (const path of [...this.#options.paths.pending]) {
      if (path.deadlineMs <= nowMs) this.drop(path, "timeout");
    }
    this.#act(nowMs);
  }
  /**
   * Gives up a pending attach.
   *
   * @param path - pending.
   * @param code - for `reset_path`.
   */
  drop(path, code) {
    this.#options.paths.remove(path);
    this.#options.outputs.push({ kind: "reset_path", pathId: path.id, code });
  }
  /** Gives up all pending attaches. */
  dropAll() {
    for (const path of [...this.#options.paths.pending]) this.drop(path, "superseded");
  }
  get #nextAtMs() {
    if (!this.isLooking) return never2;
    if (this.#options.role === "responder") return this.#hintAtMs;
    const { length } = this.#options.paths.pending;
    return this.#recovery.nextTryMs({ count: length, srttMs: this.#srttMs });
  }
  /** Does what is due: a try at the initiator, a hint at the responder. */
  #act(nowMs) {
    if (nowMs < this.#nextAtMs || nowMs >= this.windowEndMs) return;
    if (this.#options.role === "initiator") {
      this.#openPath(nowMs);
    } else {
      this.#hintAtMs = nowMs + hintIntervalMs;
      this.#options.outputs.push({ kind: "send_hint" });
    }
  }
  #openPath(nowMs) {
    this.#recovery.handleTry(nowMs);
    const handshake = this.#options.keys.initiate(++this.#epochTried);
    const { id } = this.#add(this.#epochTried, handshake, nowMs);
    const { offer } = handshake;
    this.#options.outputs.push({ kind: "open_path", pathId: id, offer, hints: this.hints });
  }
  #add(epoch, handshake, nowMs) {
    const { paths, outputs } = this.#options;
    const path = new Path({ id: paths.takeId(), epoch, deadlineMs: nowMs + attachTimeoutMs }, handshake);
    const dropped = paths.add(path);
    if (dropped !== void 0) outputs.push({ kind: "reset_path", pathId: dropped.id, code: "superseded" });
    return path;
  }
  #requireNew(epoch) {
    const { pending } = this.#options.paths;
    const isKnown = epoch <= this.#epochCommitted || pending.some((path) => path.epoch === epoch);
    if (isKnown || pending.length >= pendingAttachesMax && epoch < pending[0].epoch) {
      throw new TunnelError("stale_epoch", `attach ${epoch} after ${this.#epochCommitted}`);
    }
  }
};
var never2 = Number.POSITIVE_INFINITY;

// packages/tunnel/src/flow/liveness.ts
var Liveness2 = class {
  #lastValidMs;
  #outstandingSinceMs;
  /** When the PING that nothing valid has followed was wanted. */
  #askedAtMs;
  #pingDue = true;
  #pingNumber = 0;
  #pingSentMs;
  #srttMs;
  #rttMinMs;
  #isSilent = false;
  #resumes;
  /**
   * Starts with a PING due at once, which measures the first round trip.
   *
   * @param nowMs - monotonic time.
   * @param resumes - whether silence leads to another path, or to the tunnel's end.
   */
  constructor(nowMs, resumes) {
    this.#lastValidMs = nowMs;
    this.#resumes = resumes;
  }
  /** Smoothed round trip of PING and PONG, milliseconds; `undefined` before the first. */
  get srttMs() {
    return this.#srttMs;
  }
  /** Smallest round trip, milliseconds; `undefined` before the first. */
  get rttMinMs() {
    return this.#rttMinMs;
  }
  /** Whether a PING should go out with the next chance. */
  get pingDue() {
    return this.#pingDue;
  }
  /** When {@link handleTimeout} has something to do. */
  get deadlineMs() {
    if (this.#isSilent) return Number.POSITIVE_INFINITY;
    return this.#askedAtMs === void 0 ? this.#askAtMs : this.#askedAtMs + this.#answerMs;
  }
  /**
   * A valid record came.
   *
   * @param nowMs - monotonic time.
   */
  handleValid(nowMs) {
    this.#lastValidMs = nowMs;
    this.#askedAtMs = void 0;
    this.#isSilent = false;
  }
  /**
   * A PONG came. One that answers no PING of ours, or an older one, says nothing about the round trip.
   *
   * @param number - as sent in PING.
   * @param nowMs - monotonic time.
   * @returns whether it answers the last PING.
   */
  handlePong(number, nowMs) {
    if (this.#pingSentMs === void 0 || number !== this.#pingNumber) return false;
    const sample = Math.max(0, nowMs - this.#pingSentMs);
    this.#rttMinMs = Math.min(sample, this.#rttMinMs ?? sample);
    this.#srttMs = this.#srttMs === void 0 ? sample : this.#srttMs + (sample - this.#srttMs) / 8;
    this.#pingSentMs = void 0;
    return true;
  }
  /**
   * Says whether data waits for an acknowledgement. Call it after every change.
   *
   * @param outstanding - whether it does.
   * @param nowMs - monotonic time.
   */
  setOutstanding(outstanding, nowMs) {
    if (!outstanding) this.#outstandingSinceMs = void 0;
    else this.#outstandingSinceMs ??= nowMs;
  }
  /**
   * Acts on silence.
   *
   * @param nowMs - monotonic time.
   */
  handleTimeout(nowMs) {
    if (nowMs < this.deadlineMs) return "alive";
    if (this.#askedAtMs !== void 0) {
      this.#isSilent = true;
      return "silent";
    }
    this.ask(nowMs);
    return "alive";
  }
  /**
   * Asks by PING now, and wants an answer in time, unless that is already so.
   *
   * @param nowMs - monotonic time.
   */
  ask(nowMs) {
    this.#pingDue = true;
    this.#askedAtMs ??= nowMs;
  }
  /**
   * This process slept: its silence says nothing about the peer. Asks anew.
   *
   * @param nowMs - monotonic time.
   */
  handleClockJump(nowMs) {
    this.#lastValidMs = nowMs;
    this.#askedAtMs = nowMs;
    this.#pingDue = true;
    this.#pingSentMs = void 0;
    this.#isSilent = false;
  }
  /**
   * The number of the PING that goes out now.
   *
   * @param nowMs - monotonic time.
   */
  ping(nowMs) {
    this.#pingDue = false;
    this.#pingSentMs = nowMs;
    this.#pingNumber++;
    return this.#pingNumber;
  }
  get #askAtMs() {
    const idleAtMs = this.#lastValidMs + idlePingMs;
    if (this.#outstandingSinceMs === void 0) return idleAtMs;
    const silenceMs = this.#silenceMs(silenceMinMs);
    return Math.min(idleAtMs, Math.max(this.#lastValidMs, this.#outstandingSinceMs) + silenceMs);
  }
  get #answerMs() {
    if (!this.#resumes) return pingTimeoutMs2;
    return this.#silenceMs(this.#outstandingSinceMs === void 0 ? idleAnswerMinMs : silenceMinMs);
  }
  #silenceMs(leastMs) {
    return Math.max(silenceRoundTrips * (this.#srttMs ?? 0), leastMs);
  }
};

// packages/tunnel/src/flow/growing-bound.ts
var GrowingBound = class {
  #bytesMax;
  #budget;
  #bytes;
  #isReleased = false;
  #sampleAtMs;
  #sampleOffset = 0;
  /**
   * @param bytesMax - never more than this.
   * @param budget - what is shared with other tunnels, if anything.
   */
  constructor(bytesMax, budget) {
    this.#bytesMax = bytesMax;
    this.#budget = budget;
    const bytes = Math.min(bytesMax, ringBytesStart);
    this.#bytes = budget?.takeStart({ bytes, least: ringBytesLeast }) ?? bytes;
  }
  /** The bound now, bytes. It never shrinks. */
  get bytes() {
    return this.#bytes;
  }
  /**
   * An offset advanced.
   *
   * @param offset - where it is now.
   * @param rttMs - smallest round trip of the path, once measured.
   * @param nowMs - monotonic time.
   */
  observe(offset, rttMs, nowMs) {
    const delayMs = Math.max(rttMs ?? 0, growthSampleMs);
    if (this.#sampleAtMs !== void 0) {
      const elapsedMs = nowMs - this.#sampleAtMs;
      if (elapsedMs < delayMs) return;
      const flowingBytes = (offset - this.#sampleOffset) / elapsedMs * delayMs;
      if (2 * flowingBytes > this.#bytes) this.#grow();
    }
    this.#sampleAtMs = nowMs;
    this.#sampleOffset = offset;
  }
  /** Gives everything back; the bound stays as it is and doesn't grow any more. */
  release() {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#budget?.give(this.#bytes);
  }
  #grow() {
    const more = Math.min(this.#bytes, this.#bytesMax - this.#bytes);
    if (more === 0 || this.#isReleased || this.#budget?.take(more) === false) return;
    this.#bytes += more;
  }
};

// packages/tunnel/src/flow/receive-half.ts
var ReceiveHalf = class {
  #options;
  #window;
  #accepted = 0;
  #delivered = 0;
  #finished = false;
  /** What the last ACK said, FIN counted. */
  #acknowledged = 0;
  #edge;
  #ackAtMs;
  #ackDue = false;
  /**
   * @param options - see {@link ReceiveHalfOptions}.
   */
  constructor(options) {
    this.#options = options;
    this.#window = new GrowingBound(options.windowBytesMax, options.ringBudget);
    this.#edge = this.#window.bytes;
  }
  /** Offset up to which the peer was last allowed to send. */
  get edge() {
    return this.#edge;
  }
  /** Data bytes delivered so far. */
  get deliveredBytes() {
    return this.#delivered;
  }
  /** Bytes delivered and not yet accepted. */
  get waitingBytes() {
    return this.#delivered - this.#accepted;
  }
  /** Whether an ACK should go out with the next chance. */
  get ackDue() {
    return this.#ackDue;
  }
  /** When a waiting acknowledgement becomes due. */
  get ackAtMs() {
    return this.#ackDue ? void 0 : this.#ackAtMs;
  }
  /**
   * Takes a DATA record: bytes known already are dropped.
   *
   * @param data - offset of the first byte, and the bytes.
   * @returns the bytes to deliver; none when all were known.
   * @throws TunnelError `offset_violation` for a gap, for bytes beyond the window or behind FIN; `offset_limit`.
   */
  handleData({
    start,
    bytes
  }) {
    const end2 = start + totalBytes(bytes);
    if (start > this.#delivered || end2 > this.#edge || this.#finished && end2 > this.#delivered) {
      const state = `delivered ${this.#delivered}, edge ${this.#edge}`;
      throw new TunnelError("offset_violation", `DATA from ${start} to ${end2}, ${state}`);
    }
    if (end2 > this.#options.offsetLimit) {
      throw new TunnelError("offset_limit", `more than ${this.#options.offsetLimit} bytes in one direction`);
    }
    const fresh = dropBytes(bytes, this.#delivered - start);
    this.#delivered = Math.max(this.#delivered, end2);
    return fresh;
  }
  /**
   * Takes a FIN record.
   *
   * @param offset - how many bytes the stream has.
   * @param nowMs - monotonic time.
   * @returns whether the end is new.
   * @throws TunnelError `offset_violation` when it is not where the data ends.
   */
  handleFin(offset, nowMs) {
    if (offset !== this.#delivered) {
      throw new TunnelError("offset_violation", `FIN at ${offset}, delivered ${this.#delivered}`);
    }
    const isNew = !this.#finished;
    this.#finished = true;
    this.#planAck(nowMs);
    return isNew;
  }
  /**
   * The local socket's kernel accepted bytes, in the order they were delivered.
   *
   * @param byteCount - how many more.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_state` when more were accepted than delivered.
   */
  accept(byteCount, nowMs) {
    if (byteCount < 0 || byteCount > this.waitingBytes) {
      throw new TunnelError("bad_state", `${byteCount} bytes accepted of ${this.waitingBytes}`);
    }
    this.#accepted += byteCount;
    this.#planAck(nowMs);
  }
  /**
   * Makes a waiting acknowledgement due when its time has come.
   *
   * @param nowMs - monotonic time.
   */
  handleTimeout(nowMs) {
    if (this.#ackAtMs !== void 0 && nowMs >= this.#ackAtMs) this.#ackDue = true;
  }
  /** An ACK is due whatever has changed: the peer attached and knows an older state. */
  acknowledgeSoon() {
    this.#ackDue = true;
  }
  /**
   * The ACK to send now; it opens the window further.
   *
   * @param rttMs - smallest round trip of the path, once measured.
   * @param nowMs - monotonic time.
   */
  ack(rttMs, nowMs) {
    this.#ackDue = false;
    this.#ackAtMs = void 0;
    this.#window.observe(this.#accepted, rttMs, nowMs);
    this.#acknowledged = this.#received;
    this.#edge = this.#accepted + this.#window.bytes;
    return { kind: "ack", received: this.#acknowledged, edge: this.#edge };
  }
  /** The ATTACH to send on another path. As long as that has not committed, it doesn't count as an acknowledgement. */
  attach() {
    this.#edge = this.#accepted + this.#window.bytes;
    return { kind: "attach", received: this.#received, edge: this.#edge };
  }
  /** Gives the window back to those it is shared with: nothing is delivered any more. */
  release() {
    this.#window.release();
  }
  get #received() {
    return this.#finished && this.#accepted === this.#delivered ? this.#accepted + 1 : this.#accepted;
  }
  #planAck(nowMs) {
    const news = this.#received - this.#acknowledged;
    if (news === 0) return;
    this.#ackAtMs ??= nowMs + ackDelayMs;
    if (news * acksPerWindow >= this.#window.bytes) this.#ackDue = true;
  }
};
function dropBytes(pieces, byteCount) {
  let toDrop = byteCount;
  const rest = [];
  for (const piece of pieces) {
    if (toDrop < piece.length) rest.push(toDrop === 0 ? piece : piece.subarray(toDrop));
    toDrop = Math.max(0, toDrop - piece.length);
  }
  return rest;
}

// packages/tunnel/src/flow/send-buffer.ts
var SendBuffer = class {
  /** Chunks from `#first` on hold the bytes from `#firstOffset` on. */
  #chunks = [];
  #first = 0;
  #firstOffset = 0;
  /** The first unsent byte: chunk and index in it. */
  #sendChunk = 0;
  #sendIndex = 0;
  #acked = 0;
  #sent = 0;
  #end = 0;
  /** Where small chunks go; the last chunk is a view of it that ends at `#blockUsed`, or it is not used any more. */
  #block;
  #blockUsed = 0;
  /** Everything before this offset was acknowledged and is forgotten. */
  get acked() {
    return this.#acked;
  }
  /** Everything before this offset was taken. */
  get sent() {
    return this.#sent;
  }
  /** Offset of the next byte that will be written. */
  get end() {
    return this.#end;
  }
  /**
   * Appends bytes.
   *
   * @param bytes - kept, not copied, from 4 KiB on: the caller must not change them. A view keeps its whole buffer.
   */
  write(bytes) {
    if (bytes.length === 0) return;
    if (bytes.length >= coalesceBytesMax2) {
      this.#chunks.push(bytes);
      this.#block = void 0;
    } else {
      this.#writeSmall(bytes);
    }
    this.#end += bytes.length;
  }
  /**
   * Takes the next unsent bytes; they stay until they are acknowledged.
   *
   * @param bytesMax - how many at most.
   * @returns views of what was written, in order; none when nothing is unsent or `bytesMax` is 0.
   */
  take(bytesMax) {
    const taken = [];
    let wanted = Math.min(bytesMax, this.#end - this.#sent);
    this.#sent += Math.max(0, wanted);
    while (wanted > 0) {
      const chunk = this.#chunks[this.#sendChunk];
      const bytes = Math.min(wanted, chunk.length - this.#sendIndex);
      if (bytes > 0) taken.push(chunk.subarray(this.#sendIndex, this.#sendIndex + bytes));
      wanted -= bytes;
      this.#sendIndex += bytes;
      if (this.#sendIndex === chunk.length && this.#sendChunk < this.#chunks.length - 1) {
        this.#sendChunk++;
        this.#sendIndex = 0;
      }
    }
    return taken;
  }
  /**
   * Goes back to an offset: what follows it is unsent again.
   *
   * @param offset - from `acked` to `sent`; the caller has checked it.
   */
  rewind(offset) {
    this.#sent = offset;
    this.#sendChunk = this.#first;
    this.#sendIndex = offset - this.#firstOffset;
    while (this.#sendChunk < this.#chunks.length - 1) {
      const { length } = this.#chunks[this.#sendChunk];
      if (this.#sendIndex < length) return;
      this.#sendIndex -= length;
      this.#sendChunk++;
    }
  }
  /**
   * Forgets what was acknowledged; it need not be sent (again) then.
   *
   * @param offset - from `acked` to `end`; the caller has checked it.
   */
  acknowledge(offset) {
    this.#acked = offset;
    if (offset > this.#sent) this.rewind(offset);
    for (; ; ) {
      const chunk = this.#chunks[this.#first];
      if (chunk === void 0 || this.#firstOffset + chunk.length > offset) break;
      if (this.#first === this.#sendChunk) {
        this.#sendChunk++;
        this.#sendIndex = 0;
      }
      this.#firstOffset += chunk.length;
      this.#chunks[this.#first] = noBytes;
      this.#first++;
      if (this.#first === this.#chunks.length) this.#block = void 0;
    }
    if (this.#first >= compactChunks && this.#first * 2 >= this.#chunks.length) this.#compact();
  }
  /** Forgets everything; the offsets stay. */
  clear() {
    this.#chunks = [];
    this.#first = 0;
    this.#sendChunk = 0;
    this.#sendIndex = 0;
    this.#block = void 0;
    this.#firstOffset = this.#acked = this.#sent = this.#end;
  }
  #writeSmall(bytes) {
    if (this.#block === void 0 || this.#blockUsed + bytes.length > this.#block.length) {
      this.#block = new Uint8Array(coalesceBlockBytes);
      this.#blockUsed = 0;
      this.#chunks.push(noBytes);
    }
    const last = this.#chunks.length - 1;
    const start = this.#blockUsed - this.#chunks[last].length;
    this.#block.set(bytes, this.#blockUsed);
    this.#blockUsed += bytes.length;
    this.#chunks[last] = this.#block.subarray(start, this.#blockUsed);
  }
  #compact() {
    this.#chunks.splice(0, this.#first);
    this.#sendChunk -= this.#first;
    this.#first = 0;
  }
};
var noBytes = new Uint8Array(0);
var compactChunks = 256;

// packages/tunnel/src/flow/send-half.ts
var SendHalf = class {
  #options;
  #buffer = new SendBuffer();
  #bound;
  /** `open`: more may be written; `finished`: FIN comes behind the data; `sent`, `acked`: FIN has gone, has arrived. */
  #fin = "open";
  /** Whether FIN has ever gone: then it may be acknowledged, also while it is to be sent again. */
  #finWasSent = false;
  /** Most that was ever sent: more can't be acknowledged. */
  #sentMax = 0;
  #isCleared = false;
  #edge = 0;
  #paused = false;
  /**
   * @param options - see {@link SendHalfOptions}.
   */
  constructor(options) {
    this.#options = options;
    this.#bound = new GrowingBound(options.ringBytesMax, options.ringBudget);
  }
  /** Bytes written and not yet sent, or to be sent again. */
  get unsentBytes() {
    return this.#buffer.end - this.#buffer.sent;
  }
  /** Bytes held: written and not yet acknowledged. */
  get ringBytes() {
    return this.#buffer.end - this.#buffer.acked;
  }
  /** Data bytes sent so far; those sent again count once. */
  get sentBytes() {
    return this.#isCleared ? this.#sentMax : Math.max(this.#sentMax, this.#buffer.sent);
  }
  /** How far the peer has acknowledged, FIN counted. */
  get ackedOffset() {
    return this.#fin === "acked" ? this.#buffer.acked + 1 : this.#buffer.acked;
  }
  /** Whether something was sent that the peer has not acknowledged. */
  get outstanding() {
    return this.#buffer.sent > this.#buffer.acked || this.#fin === "sent";
  }
  /** Whether all that was written has been sent, FIN included where there is one. */
  get drained() {
    return this.unsentBytes === 0 && this.#fin !== "finished";
  }
  /**
   * Takes bytes of the local socket.
   *
   * @param bytes - belong to the tunnel from now on.
   * @throws TunnelError `bad_state` after {@link finish} or when reading should long have paused; `offset_limit` when
   *   the direction can't carry them. Nothing was taken then.
   */
  write(bytes) {
    if (this.#fin !== "open") throw new TunnelError("bad_state", "local data after its end");
    if (this.ringBytes + bytes.length > this.#bound.bytes + localChunkBytesMax) {
      throw new TunnelError("bad_state", "local data in spite of pause_local");
    }
    if (this.#buffer.end + bytes.length > this.#options.offsetLimit) {
      throw new TunnelError("offset_limit", `more than ${this.#options.offsetLimit} bytes in one direction`);
    }
    this.#buffer.write(bytes);
  }
  /** The local socket is at its end: FIN follows the data. Again: nothing. */
  finish() {
    if (this.#fin === "open") this.#fin = "finished";
  }
  /**
   * The peer's first window.
   *
   * @param edge - offset up to which may be sent.
   */
  open(edge) {
    this.#edge = edge;
  }
  /**
   * Takes an acknowledgement.
   *
   * @param ack - `received` counts FIN as one byte; `edge` never goes back.
   * @param rttMs - smallest round trip of the path, once measured.
   * @param nowMs - monotonic time.
   * @throws TunnelError `offset_violation`.
   */
  handleAck({ received, edge }, rttMs, nowMs) {
    if (received < this.ackedOffset || edge < this.#edge) {
      throw new TunnelError("offset_violation", `ACK of ${received}, acked ${this.ackedOffset}`);
    }
    this.#acknowledge(received);
    this.#edge = edge;
    this.#bound.observe(this.#buffer.acked, rttMs, nowMs);
  }
  /**
   * Goes on over another path: what the peer has not received is sent again. What it says was true when it said so;
   * acknowledgements that came later over the old path count too.
   *
   * @param attach - from the peer's ATTACH, as in ACK.
   * @throws TunnelError `offset_violation`.
   */
  handleAttach({ received, edge }) {
    this.#sentMax = this.sentBytes;
    this.#acknowledge(Math.max(received, this.ackedOffset));
    this.#edge = Math.max(edge, this.#edge);
    this.#buffer.rewind(this.#buffer.acked);
    if (this.#fin === "sent") this.#fin = "finished";
  }
  /** The next DATA or FIN the window allows, or `undefined`. */
  next() {
    const start = this.#buffer.sent;
    const bytes = this.#buffer.take(Math.min(dataBytesMax2, this.#edge - start));
    if (bytes.length > 0) return { kind: "data", start, bytes };
    if (this.#fin !== "finished" || this.unsentBytes > 0) return void 0;
    this.#fin = "sent";
    this.#finWasSent = true;
    return { kind: "fin", offset: start };
  }
  /** Whether reading from the local socket has to pause or may go on, when that has changed. */
  pauseChange() {
    const { unsentBytesMax } = this.#options;
    const ringBytesMax = this.#bound.bytes;
    if (!this.#paused && (this.unsentBytes >= unsentBytesMax || this.ringBytes >= ringBytesMax)) {
      this.#paused = true;
      return "pause_local";
    }
    if (this.#paused && this.unsentBytes <= unsentBytesMax / 2 && this.ringBytes <= ringBytesMax * 0.75) {
      this.#paused = false;
      return "resume_local";
    }
    return void 0;
  }
  /** Forgets all bytes; what was sent stays what it was. */
  clear() {
    this.#sentMax = this.sentBytes;
    this.#isCleared = true;
    this.#buffer.clear();
    this.#bound.release();
  }
  #acknowledge(received) {
    const sent = this.sentBytes;
    if (received > sent + (this.#finWasSent ? 1 : 0)) {
      throw new TunnelError("offset_violation", `${received} acknowledged, ${sent} sent`);
    }
    if (received > sent) this.#fin = "acked";
    this.#buffer.acknowledge(Math.max(this.#buffer.acked, Math.min(received, sent)));
  }
};

// packages/tunnel/src/flow/record-flow.ts
var RecordFlow = class {
  /** Local socket to peer. */
  send;
  /** Peer to local socket. */
  receive;
  #outputs;
  #liveness;
  /** Number of the last PING not yet answered; older ones are not, so that a flood of PINGs costs nothing. */
  #pongDue;
  #relaysDue;
  #resumes = false;
  /**
   * @param options - bounds of both directions.
   * @param outputs - where deliveries and pauses go.
   */
  constructor(options, outputs) {
    this.send = new SendHalf(options);
    this.receive = new ReceiveHalf(options);
    this.#outputs = outputs;
  }
  /** Silence watch; `undefined` before {@link start}. */
  get liveness() {
    return this.#liveness;
  }
  /**
   * Both sides are ready: records may flow.
   *
   * @param nowMs - monotonic time.
   * @param resumes - whether silence leads to another path, or to the tunnel's end.
   */
  start(nowMs, resumes) {
    this.#resumes = resumes;
    this.#liveness = new Liveness2(nowMs, resumes);
  }
  /**
   * Another path carries the records now: round trips are measured anew, and the peer gets to know what was received.
   *
   * @param nowMs - monotonic time.
   */
  switchPath(nowMs) {
    this.#liveness = new Liveness2(nowMs, this.#resumes);
    this.#pongDue = void 0;
    this.receive.acknowledgeSoon();
  }
  /**
   * Tells the peer this side's relays with the next chance.
   *
   * @param relays - checked.
   */
  tellRelays(relays) {
    this.#relaysDue = relays;
  }
  /**
   * Takes one record that its state allows.
   *
   * @param record - verified and decoded.
   * @param nowMs - monotonic time.
   * @returns whether it is a PONG that answers the last PING.
   * @throws TunnelError `offset_violation` or `offset_limit`; nothing of the record was used then.
   */
  handle(record, nowMs) {
    switch (record.kind) {
      case "data":
        this.#outputs.deliver(this.receive.handleData(record));
        return false;
      case "fin":
        if (this.receive.handleFin(record.offset, nowMs)) this.#outputs.push({ kind: "deliver_end" });
        return false;
      case "ack":
        this.send.handleAck(record, this.#liveness?.rttMinMs, nowMs);
        return false;
      case "ping":
        this.#pongDue = record.number;
        return false;
      case "pong":
        return this.#liveness?.handlePong(record.number, nowMs) ?? false;
    }
  }
  /**
   * The records to send now: what is due of PONG, ACK, PING and RELAYS, then at most one of DATA and FIN.
   *
   * @param nowMs - monotonic time.
   */
  next(nowMs) {
    const records = [];
    if (this.#pongDue !== void 0) records.push({ kind: "pong", number: this.#pongDue });
    this.#pongDue = void 0;
    if (this.receive.ackDue) records.push(this.receive.ack(this.#liveness?.rttMinMs, nowMs));
    if (this.#liveness?.pingDue) records.push({ kind: "ping", number: this.#liveness.ping(nowMs) });
    if (this.#relaysDue !== void 0) records.push({ kind: "relays", relays: this.#relaysDue });
    this.#relaysDue = void 0;
    const data = this.send.next();
    if (data !== void 0) records.push(data);
    return records;
  }
  /**
   * Watches for acknowledgements, where some are to come.
   *
   * @param endSent - whether END waits for its answer.
   * @param nowMs - monotonic time.
   */
  watch(endSent, nowMs) {
    this.#liveness?.setOutstanding(endSent || this.send.outstanding, nowMs);
  }
  /** Pauses or resumes reading from the local socket, as what has changed wants it. */
  regulate() {
    const change = this.send.pauseChange();
    if (change !== void 0) this.#outputs.push({ kind: change });
  }
};
function flowRecord(record) {
  switch (record.kind) {
    case "data":
    case "ack":
    case "fin":
    case "ping":
    case "pong":
      return record;
    default:
      throw new TunnelError("internal", record.kind);
  }
}

// packages/tunnel/src/state.ts
var permissions = {
  ready: { confirming: "take", confirmed: "refuse", open: "refuse", draining: "refuse", closing: "drop" },
  data: { confirming: "refuse", confirmed: "refuse", open: "take", draining: "drop", closing: "drop" },
  fin: { confirming: "refuse", confirmed: "refuse", open: "take", draining: "drop", closing: "drop" },
  ack: { confirming: "refuse", confirmed: "refuse", open: "take", draining: "take", closing: "drop" },
  ping: { confirming: "refuse", confirmed: "refuse", open: "take", draining: "take", closing: "drop" },
  pong: { confirming: "refuse", confirmed: "refuse", open: "take", draining: "take", closing: "drop" },
  end: { confirming: "take", confirmed: "take", open: "take", draining: "take", closing: "take" },
  attach: { confirming: "refuse", confirmed: "refuse", open: "refuse", draining: "refuse", closing: "drop" },
  gone: { confirming: "refuse", confirmed: "refuse", open: "refuse", draining: "refuse", closing: "drop" },
  relays: { confirming: "refuse", confirmed: "refuse", open: "take", draining: "take", closing: "drop" }
};
function isEnded(state) {
  return state === "draining" || state === "closing" || state === "closed";
}

// packages/tunnel/src/core/endings.ts
var Endings = class {
  #parts;
  /**
   * @param parts - the tunnel's.
   */
  constructor(parts2) {
    this.#parts = parts2;
  }
  /**
   * The active path is lost: another one is looked for, or the tunnel ends.
   *
   * @param loss - see {@link PathLoss}.
   * @param nowMs - monotonic time.
   */
  lose({ reason, text: text3, code }, nowMs) {
    const { paths, life, outputs, role, mayResume, peerIsUp } = this.#parts;
    const path = paths.active;
    if (path === void 0) return;
    const resumes = mayResume && peerIsUp;
    const isDone = resumes && (life.isOver || path.isBroken && life.endSent && role === "responder");
    if (code === void 0) paths.remove(path);
    if (isDone) this.#finish(nowMs, code);
    else if (!resumes) this.abort({ reason: "relay_lost", text: text3 }, code ?? "ok", nowMs);
    else {
      if (code !== void 0) {
        paths.remove(path);
        outputs.push({ kind: "reset_path", pathId: path.id, code });
      }
      this.look(reason, nowMs);
    }
  }
  /**
   * The active path is lost or doubted: looks for another one.
   *
   * @param reason - why.
   * @param nowMs - monotonic time.
   */
  look(reason, nowMs) {
    const srttMs = this.#parts.flow.liveness?.srttMs;
    const loss = { reason, offsets: this.#parts.offsets, srttMs, isQuiet: isEnded(this.#parts.life.state) };
    if (this.#parts.attacher?.begin(loss, nowMs) === false) this.giveUp("no_progress", nowMs);
  }
  /**
   * The state's deadline has passed.
   *
   * @param nowMs - monotonic time.
   */
  handleDeadline(nowMs) {
    switch (this.#parts.life.state) {
      case "offering":
      case "answering":
      case "confirming":
        this.abort({ reason: "timeout", text: "" }, "timeout", nowMs);
        return;
      case "confirmed":
        this.close({ reason: "timeout", text: "" }, nowMs);
        return;
      case "draining":
        if (this.#parts.life.endSent) {
          this.#handleEndUnanswered(nowMs);
          return;
        }
        this.#parts.life.giveUpDraining(nowMs);
        this.#parts.flow.send.clear();
        return;
      case "closing":
        this.#handleEndUnanswered(nowMs);
        return;
      case "open":
      case "closed":
        return;
    }
  }
  #handleEndUnanswered(nowMs) {
    if (this.#parts.mayResume && !this.#parts.life.isOver) {
      this.lose({ reason: "silent", text: "", code: "timeout" }, nowMs);
    } else this.#finish(nowMs, "ok");
  }
  /**
   * This side's half of a path is over, behind what was sealed.
   *
   * @param path - the active one.
   * @param nowMs - monotonic time.
   */
  endOwnHalf(path, nowMs) {
    path.ownHalfEnded = true;
    this.#parts.outputs.push({ kind: "end_path", pathId: path.id });
    if (path.peerHalfEnded) this.handleBothHalvesEnded(nowMs);
  }
  /**
   * Both halves of the active path are over.
   *
   * @param nowMs - monotonic time.
   */
  handleBothHalvesEnded(nowMs) {
    if (!this.#parts.mayResume || this.#parts.life.isOver) this.#finish(nowMs);
    else this.lose({ reason: "path_ended", text: "the path ended without END", code: "ok" }, nowMs);
  }
  /**
   * Something failed that a peer or a path can make fail: the tunnel ends.
   *
   * @param error - what.
   * @param nowMs - monotonic time.
   */
  fail(error, nowMs) {
    if (this.#parts.life.isUnproven) {
      const wrongKey = error.code === "bad_tag" || error.code === "decrypt_failed";
      const reason = wrongKey ? "decrypt_failed" : error.endReason;
      this.abort({ reason, text: error.message }, wrongKey ? "decrypt_failed" : error.pathCode, nowMs);
    } else if (this.#parts.life.state !== "closing" && this.#parts.life.state !== "closed") {
      this.close({ reason: error.endReason, text: error.message }, nowMs);
    }
  }
  /**
   * The tunnel ends: END is told, or was.
   *
   * @param ending - why.
   * @param nowMs - monotonic time.
   */
  close(ending, nowMs) {
    const { life, flow, paths } = this.#parts;
    life.close(ending, nowMs);
    flow.send.clear();
    const path = paths.active;
    if (path !== void 0 && !path.ownHalfEnded && life.endDue === void 0) this.endOwnHalf(path, nowMs);
  }
  /**
   * No other path was found.
   *
   * @param reason - why the search ends.
   * @param nowMs - monotonic time.
   */
  giveUp(reason, nowMs) {
    this.abort({ reason, text: "" }, "timeout", nowMs);
  }
  /**
   * The tunnel ends now, and its paths are given up with it.
   *
   * @param ending - not told to the peer.
   * @param code - for `reset_path` of the active one.
   * @param nowMs - monotonic time.
   */
  abort(ending, code, nowMs) {
    this.#parts.life.putOutEnded(ending);
    this.#finish(nowMs, code);
  }
  /**
   * The path says that there is no tunnel, or none any more.
   *
   * @param ending - why.
   * @param nowMs - monotonic time.
   */
  vanish(ending, nowMs) {
    const { paths } = this.#parts;
    if (paths.active !== void 0) paths.remove(paths.active);
    this.abort(ending, "ok", nowMs);
  }
  /** @param code for a path that is still there; undefined when it is over */
  #finish(nowMs, code) {
    const { life, flow, paths, outputs, attacher } = this.#parts;
    if (life.state === "closed") return;
    flow.send.clear();
    flow.receive.release();
    attacher?.dropAll();
    const path = paths.active;
    if (path !== void 0) {
      if (code !== void 0) outputs.push({ kind: "reset_path", pathId: path.id, code });
      paths.remove(path);
    }
    this.#bury(nowMs);
    life.finish();
  }
  #bury(nowMs) {
    const { first: first2, life, attacher, role, tombstones } = this.#parts;
    const keys = first2.established?.attachKeys;
    const { ended } = life;
    if (attacher === void 0 || role === "initiator" || !tombstones || !ended || !keys) keys?.wipe();
    else tombstones.bury({ keys, reason: ended.reason, text: ended.text }, nowMs);
  }
};

// packages/tunnel/src/lifecycle.ts
var Lifecycle = class {
  #outputs;
  #state;
  #deadlineMs;
  /** Whether END is answered by END; so the sender knows that it has arrived. */
  #answersEnd = false;
  #ended;
  /** END to be sent: at once in `closing`, behind the data in `draining`. */
  #end;
  #endSent = false;
  #peerEnded = false;
  /**
   * @param options - see {@link LifecycleOptions}.
   */
  constructor({ state, deadlineMs, outputs }) {
    this.#state = state;
    this.#deadlineMs = deadlineMs;
    this.#outputs = outputs;
  }
  /** Where the tunnel stands. */
  get state() {
    return this.#state;
  }
  /** When the state is over unless something happens; means nothing in `open`. */
  get deadlineMs() {
    return this.#deadlineMs;
  }
  /** What was put out as `ended`. */
  get ended() {
    return this.#ended;
  }
  /** END to be sent, or `undefined`. */
  get endDue() {
    return this.#endSent ? void 0 : this.#end;
  }
  /** Whether END was sent over the present path. */
  get endSent() {
    return this.#endSent;
  }
  /** Whether END has come. */
  get peerEnded() {
    return this.#peerEnded;
  }
  /** Whether END has gone in both directions: nothing is left to be said. */
  get isOver() {
    return this.#endSent && this.#peerEnded;
  }
  /** Whether the peer has not yet shown that it has the key. */
  get isUnproven() {
    return this.#state === "offering" || this.#state === "answering" || this.#state === "confirming";
  }
  /** The state, when records are opened in it. */
  get receivingState() {
    switch (this.#state) {
      case "confirming":
      case "confirmed":
      case "open":
      case "draining":
        return this.#state;
      case "closing":
        return this.#answersEnd && !this.#peerEnded ? "closing" : void 0;
      default:
        return void 0;
    }
  }
  /**
   * Goes on to the next state of a tunnel that comes up.
   *
   * @param state - the state.
   * @param deadlineMs - its deadline; left out: the one before goes on.
   */
  advance(state, deadlineMs = this.#deadlineMs) {
    this.#state = state;
    this.#deadlineMs = deadlineMs;
  }
  /** The tunnel resumes, at both ends: from now on END is answered by END. */
  answerEnd() {
    this.#answersEnd = true;
  }
  /**
   * The local socket closed in `open`: data, then END.
   *
   * @param ending - told to the peer.
   * @param nowMs - monotonic time.
   */
  drain(ending, nowMs) {
    this.putOutEnded(ending);
    this.#state = "draining";
    this.#deadlineMs = nowMs + drainTimeoutMs;
    this.#end = endRecord(ending.reason, ending.text);
  }
  /**
   * Draining goes on: its deadline moves.
   *
   * @param nowMs - monotonic time.
   */
  handleProgress(nowMs) {
    if (this.#state === "draining") this.#deadlineMs = nowMs + drainTimeoutMs;
  }
  /**
   * Draining has taken too long: END goes before the rest.
   *
   * @param nowMs - monotonic time.
   */
  giveUpDraining(nowMs) {
    this.#beginClosing(nowMs);
  }
  /**
   * The tunnel ends now, or the peer's END has come: END goes before everything else. The peer's is answered where it
   * wants an answer, and nothing is due otherwise.
   *
   * @param ending - told to the peer.
   * @param nowMs - monotonic time.
   */
  close(ending, nowMs) {
    const { byPeer = false, reason, text: text3 } = ending;
    this.putOutEnded(ending);
    this.#peerEnded ||= byPeer;
    const wasClosing = this.#state === "closing";
    this.#beginClosing(nowMs);
    if (this.#endSent || byPeer && wasClosing) return;
    this.#end = byPeer && !this.#answersEnd ? void 0 : endRecord(reason, byPeer ? "" : text3);
  }
  /**
   * END was sealed.
   *
   * @param nowMs - monotonic time.
   */
  handleEndSent(nowMs) {
    this.#endSent = true;
    if (this.#answersEnd && this.#state === "closing") this.#deadlineMs = nowMs + endLingerMs;
  }
  /**
   * Another path carries the tunnel: an END that was sent over the one before may not have arrived.
   *
   * @param nowMs - monotonic time.
   */
  handleNewPath(nowMs) {
    this.#endSent = false;
    this.renewDeadline(nowMs);
  }
  /**
   * There is a path again: while there was none, the deadline of an ending tunnel meant nothing.
   *
   * @param nowMs - monotonic time.
   */
  renewDeadline(nowMs) {
    if (this.#state === "closing") this.#deadlineMs = nowMs + endLingerMs;
    this.handleProgress(nowMs);
  }
  /**
   * Puts `ended` out, once: later endings change nothing for the local side. The caller leaves the state.
   *
   * @param ending - why.
   */
  putOutEnded(ending) {
    if (isEnded(this.#state)) return;
    const { reason, byPeer = false } = ending;
    const text3 = ending.text === "" ? reasonSentence(reason) : ending.text;
    this.#ended = { reason, text: text3, byPeer };
    this.#outputs.push({ kind: "ended", reason, text: text3, byPeer });
  }
  /** Nothing is left. */
  finish() {
    this.#state = "closed";
    this.#outputs.push({ kind: "closed" });
  }
  #beginClosing(nowMs) {
    this.#state = "closing";
    this.#deadlineMs = nowMs + endLingerMs;
  }
};

// packages/tunnel/src/options.ts
function tunnelLimits(limits = {}) {
  const filled = {
    ringBytesMax: ringBytesCeiling,
    unsentBytesMax: unsentBytesDefault,
    windowBytesMax: ringBytesCeiling,
    offsetLimit: offsetLimitDefault,
    rekeyEveryRecords: void 0,
    confirmTimeoutMs: confirmTimeoutDefaultMs,
    establishTimeoutMs: establishTimeoutDefaultMs,
    windowMs: windowDefaultMs,
    ...limits
  };
  requireInteger("ringBytesMax", filled.ringBytesMax, ringBytesCeiling);
  requireInteger("unsentBytesMax", filled.unsentBytesMax, ringBytesCeiling);
  requireInteger("windowBytesMax", filled.windowBytesMax, ringBytesCeiling);
  requireInteger("offsetLimit", filled.offsetLimit, offsetLimitDefault);
  requireInteger("confirmTimeoutMs", filled.confirmTimeoutMs, timeoutMsMax);
  requireInteger("establishTimeoutMs", filled.establishTimeoutMs, timeoutMsMax);
  requireInteger("windowMs", filled.windowMs, windowMsMax);
  return filled;
}
function requireOptions(options) {
  requireText("realm", options.realm, realmBytesMax2);
  requireText("ownName", options.ownName, nodeNameBytesMax2);
  requireText("peerName", options.peerName, nodeNameBytesMax2);
  requireBytes2("tunnelKey", options.tunnelKey, tunnelKeyBytes);
  const ticktime = options.ticktimeSeconds ?? 0;
  if (!Number.isInteger(ticktime) || ticktime < 0 || ticktime > 65535) {
    throw new TunnelError("bad_option", "ticktimeSeconds must be 0 to 65535");
  }
}
function requireBootId(bootId) {
  requireBytes2("bootId", bootId, bootIdBytes);
}
function handshakeOptions(options, role) {
  const { protocol = 2, realm, ownName, peerName, tunnelKey, random } = options;
  const [initiatorName, responderName] = role === "initiator" ? [ownName, peerName] : [peerName, ownName];
  const { rekeyEveryRecords } = tunnelLimits(options.limits);
  return {
    protocol,
    parties: { realm, initiatorName, responderName },
    tunnelKey,
    random,
    ...rekeyEveryRecords === void 0 ? {} : { rekeyEveryRecords }
  };
}
function requireInteger(name, value, max) {
  if (!Number.isSafeInteger(value) || value < 1 || value > max) {
    throw new TunnelError("bad_option", `${name} must be an integer from 1 to ${max}`);
  }
}
function requireText(name, text3, bytesMax) {
  const bytes = utf8Bytes(text3).length;
  if (bytes < 1 || bytes > bytesMax) {
    throw new TunnelError("bad_option", `${name} must be 1 to ${bytesMax} bytes`);
  }
}
function requireBytes2(name, bytes, expected) {
  if (bytes.length !== expected) throw new TunnelError("bad_option", `${name} must be ${expected} bytes`);
}
var timeoutMsMax = 36e5;

// packages/tunnel/src/outputs.ts
var OutputQueue2 = class {
  #outputs = [];
  #lastDelivery;
  /**
   * Appends an output other than `deliver`.
   *
   * @param output - the output.
   */
  push(output) {
    this.#lastDelivery = void 0;
    this.#outputs.push(output);
  }
  /**
   * Appends bytes to deliver.
   *
   * @param bytes - in pieces; none is allowed.
   */
  deliver(bytes) {
    if (bytes.length === 0) return;
    if (this.#lastDelivery === void 0) {
      this.#lastDelivery = [];
      this.#outputs.push({ kind: "deliver", bytes: this.#lastDelivery });
    }
    for (const piece of bytes) this.#lastDelivery.push(piece);
  }
  /** The next output, or `undefined`. */
  poll() {
    const output = this.#outputs.shift();
    if (output?.kind === "deliver" && output.bytes === this.#lastDelivery) this.#lastDelivery = void 0;
    return output;
  }
};

// packages/tunnel/src/paths/path-set.ts
var PathSet = class {
  #active;
  /** By epoch, the oldest first. */
  #pending = [];
  #nextId;
  #goneRecordsIn = 0;
  #goneRecordsOut = 0;
  /**
   * @param first - active from the beginning, its handshake included.
   */
  constructor(first2) {
    this.#active = first2;
    this.#nextId = first2.id + 1;
  }
  /** The path that carries records; `undefined` when it is lost. */
  get active() {
    return this.#active;
  }
  /** Attaches that have not committed, the oldest epoch first. */
  get pending() {
    return this.#pending;
  }
  /** Records opened on all paths. */
  get recordsIn() {
    return this.#goneRecordsIn + this.#sum((path) => path.recordsIn);
  }
  /** Records sealed on all paths. */
  get recordsOut() {
    return this.#goneRecordsOut + this.#sum((path) => path.recordsOut);
  }
  /** The number for a new path. */
  takeId() {
    return this.#nextId++;
  }
  /**
   * The path of a number, or `undefined` when it is gone.
   *
   * @param id - as given out.
   */
  find(id) {
    return this.#active?.id === id ? this.#active : this.#pending.find((path) => path.id === id);
  }
  /**
   * Adds a pending attach.
   *
   * @param path - its epoch is not there yet.
   * @returns the path with the oldest epoch, taken out, when there were too many.
   */
  add(path) {
    const at = this.#pending.findIndex((other) => other.epoch > path.epoch);
    this.#pending.splice(at < 0 ? this.#pending.length : at, 0, path);
    const oldest = this.#pending[0];
    return this.#pending.length > pendingAttachesMax ? this.remove(oldest) : void 0;
  }
  /**
   * A pending path becomes the active one.
   *
   * @param path - which.
   * @returns what was taken out: the path that was active, and attaches of older epochs.
   */
  commit(path) {
    const older = this.#pending.filter((other) => other.epoch < path.epoch);
    this.#pending.splice(this.#pending.indexOf(path), 1);
    const gone = this.#active === void 0 ? older : [this.#active, ...older];
    for (const one of gone) this.remove(one);
    this.#active = path;
    return gone;
  }
  /**
   * Takes a path out and overwrites its keys.
   *
   * @param path - active or pending.
   * @returns the same.
   */
  remove(path) {
    this.#goneRecordsIn += path.recordsIn;
    this.#goneRecordsOut += path.recordsOut;
    if (this.#active === path) this.#active = void 0;
    else this.#pending.splice(this.#pending.indexOf(path), 1);
    path.wipe();
    return path;
  }
  #sum(count) {
    const pending = this.#pending.reduce((total, path) => total + count(path), 0);
    return this.#active === void 0 ? pending : pending + count(this.#active);
  }
};

// packages/tunnel/src/core/parts.ts
var TunnelParts = class {
  /** Which side this is. */
  role;
  /** The path of the first OPEN, also when it is gone. */
  first;
  /** What the shell has to do. */
  outputs = new OutputQueue2();
  /** Both directions of the stream. */
  flow;
  /** The state, but for paths. */
  life;
  /** Active and pending. */
  paths;
  /** Complete. */
  limits;
  /** Where a responder is buried. */
  tombstones;
  /** The search for other paths; there once both sides have said that they resume. */
  attacher;
  /** At the responder: whether the initiator has shown that it is up; before, it can't attach. */
  peerIsUp;
  /**
   * @param options - see {@link TunnelOptions} and {@link RespondOptions}.
   * @param path - the first.
   * @param nowMs - monotonic time.
   */
  constructor(options, path, nowMs) {
    const limits = tunnelLimits(options.limits);
    const initiates = path.offer !== void 0;
    this.role = initiates ? "initiator" : "responder";
    this.first = path;
    this.paths = new PathSet(path);
    this.limits = limits;
    this.tombstones = options.tombstones;
    this.peerIsUp = initiates;
    this.flow = new RecordFlow({ ...limits, ringBudget: options.ringBudget }, this.outputs);
    this.life = new Lifecycle({
      state: initiates ? "offering" : "answering",
      deadlineMs: nowMs + (initiates ? limits.establishTimeoutMs : limits.confirmTimeoutMs),
      outputs: this.outputs
    });
  }
  /** Where the tunnel stands. */
  get state() {
    const { state } = this.life;
    return state === "open" && this.attacher?.isLooking === true ? "detached" : state;
  }
  /** Counters, as of now. */
  get metrics() {
    const { send, receive, liveness } = this.flow;
    return {
      state: this.state,
      bytesIn: receive.deliveredBytes,
      bytesOut: send.sentBytes,
      recordsIn: this.paths.recordsIn,
      recordsOut: this.paths.recordsOut,
      srttMs: liveness?.srttMs,
      unsentBytes: send.unsentBytes,
      ringBytes: send.ringBytes,
      waitingBytes: receive.waitingBytes,
      epoch: this.attacher?.epoch ?? 0,
      reattachments: this.attacher?.reattachments ?? 0,
      detachedSinceMs: this.attacher?.lookingSinceMs
    };
  }
  /** Whether silence, or the loss of the path, leads to another one. */
  get mayResume() {
    const { state } = this.life;
    return this.attacher !== void 0 && (state === "open" || state === "draining" || state === "closing");
  }
  /** The silence watch, while silence on the path counts: records flow, or END waits for its answer behind data. */
  get watched() {
    const { state, endSent } = this.life;
    const counts = state === "open" || state === "draining" && (!endSent || this.attacher !== void 0);
    return counts && this.paths.active !== void 0 ? this.flow.liveness : void 0;
  }
  /** When the state is over; while a path is looked for, the window alone decides. */
  get stateEndMs() {
    const { state, deadlineMs } = this.life;
    return state === "open" || this.attacher?.isLooking ? Number.POSITIVE_INFINITY : deadlineMs;
  }
  /** How far both directions have come. */
  get offsets() {
    return { acked: this.flow.send.ackedOffset, delivered: this.flow.receive.deliveredBytes };
  }
};

// packages/tunnel/src/core/timers.ts
var Timers = class {
  #parts;
  #endings;
  /**
   * @param parts - the tunnel's.
   * @param endings - the tunnel's.
   */
  constructor(parts2, endings) {
    this.#parts = parts2;
    this.#endings = endings;
  }
  /** The next time that matters, and why. */
  get due() {
    const { life, flow, attacher, watched, stateEndMs } = this.#parts;
    if (life.state === "closed") return void 0;
    const livenessAtMs = Math.min(watched?.deadlineMs ?? never3, attacher?.probeAtMs ?? never3);
    const ackAtMs = life.state === "open" ? flow.receive.ackAtMs ?? never3 : never3;
    const attachAtMs = attacher?.deadlineMs ?? never3;
    const windowAtMs = attacher?.windowEndMs ?? never3;
    const atMs = Math.min(stateEndMs, livenessAtMs, ackAtMs, attachAtMs, windowAtMs);
    if (atMs === never3) return void 0;
    if (atMs === ackAtMs) return { atMs, why: "ack" };
    if (atMs === livenessAtMs) return { atMs, why: "liveness" };
    if (atMs === windowAtMs) return { atMs, why: "window" };
    if (atMs === attachAtMs) return { atMs, why: "attach" };
    if (life.state === "draining") return { atMs, why: "drain" };
    return { atMs, why: life.state === "closing" ? "linger" : "establish" };
  }
  /**
   * Acts on the time.
   *
   * @param dueAtMs - when this should have been called.
   * @param nowMs - monotonic time.
   */
  run(dueAtMs, nowMs) {
    const { flow, life, attacher } = this.#parts;
    flow.receive.handleTimeout(nowMs);
    if (nowMs - dueAtMs > clockJumpMs) this.#handleSleep(nowMs);
    else this.#handleSilence(nowMs);
    if (life.state === "closed") return;
    if (attacher !== void 0 && nowMs >= attacher.windowEndMs) this.#endings.giveUp("window_over", nowMs);
    else if (attacher !== void 0 && nowMs >= attacher.deadlineMs) attacher.handleTimeout(nowMs);
    if (nowMs >= this.#parts.stateEndMs) this.#endings.handleDeadline(nowMs);
  }
  #handleSilence(nowMs) {
    const { attacher, flow, watched, mayResume } = this.#parts;
    if (attacher !== void 0 && nowMs >= attacher.probeAtMs) {
      attacher.handleProbed();
      flow.liveness?.ask(nowMs);
    }
    if (watched?.handleTimeout(nowMs) !== "silent") return;
    if (mayResume) this.#endings.look("silent", nowMs);
    else this.#endings.abort({ reason: "relay_lost", text: "the path fell silent" }, "timeout", nowMs);
  }
  /** This process slept: what the peer didn't say meanwhile doesn't count, but the path may be gone. */
  #handleSleep(nowMs) {
    const { life, attacher, watched, mayResume } = this.#parts;
    watched?.handleClockJump(nowMs);
    if (!mayResume) life.handleProgress(nowMs);
    else if (life.state !== "closing" || attacher?.isLooking) this.#endings.look("slept", nowMs);
  }
};
var never3 = Number.POSITIVE_INFINITY;

// packages/tunnel/src/core/tunnel-core.ts
var TunnelCore = class {
  parts;
  endings;
  #timers;
  #ticktimeSeconds;
  /** What this side says in READY: 0 doesn't resume. */
  #windowMs;
  #relays = [];
  #peerTicktimeSeconds = 0;
  /**
   * @param options - see {@link TunnelOptions} and {@link RespondOptions}.
   * @param path - the first.
   * @param nowMs - monotonic time.
   */
  constructor(options, path, nowMs) {
    this.parts = new TunnelParts(options, path, nowMs);
    this.endings = new Endings(this.parts);
    this.#timers = new Timers(this.parts, this.endings);
    this.#windowMs = options.resumes === false || options.protocol === 1 ? 0 : this.parts.limits.windowMs;
    this.#ticktimeSeconds = options.ticktimeSeconds ?? 0;
  }
  /** The path of a number; `undefined` when it is gone or the tunnel is closed. */
  find(pathId) {
    return this.parts.life.state === "closed" ? void 0 : this.parts.paths.find(pathId);
  }
  /** @throws TunnelError only for what the caller did: a path's own failure costs the path, or the tunnel. */
  handleAnswer(path, answer2, nowMs) {
    if (path !== this.parts.first) {
      this.parts.attacher?.handleAnswer(path, answer2);
      return;
    }
    this.#guard(nowMs, () => {
      path.handleAnswer(answer2);
      this.parts.life.advance("confirming");
      this.#sealReady(path);
    });
  }
  respondAttach(offer, nowMs) {
    if (this.parts.attacher === void 0 || this.parts.role !== "responder" || !this.parts.mayResume) {
      throw new TunnelError("not_attachable", "the tunnel takes no attaches");
    }
    return this.parts.attacher.respond(offer, () => this.parts.flow.receive.attach(), nowMs);
  }
  handleData(path, bytes, nowMs) {
    this.#guard(nowMs, () => {
      if (path === this.parts.paths.active) this.#read(path, bytes, nowMs);
      else this.#readPending(path, bytes, nowMs);
    });
    this.#refresh(nowMs);
  }
  poll(path, nowMs) {
    if (path.ownHalfEnded) return void 0;
    if (path !== this.parts.paths.active) return path.take();
    try {
      const { state } = this.parts.life;
      if (state === "open" || state === "draining") {
        for (const record of this.parts.flow.next(nowMs)) path.seal(record);
      }
      const { endDue } = this.parts.life;
      if (endDue !== void 0 && (state === "closing" || this.parts.flow.send.drained)) {
        path.seal(endDue);
        this.parts.life.handleEndSent(nowMs);
        this.endings.endOwnHalf(path, nowMs);
      }
    } catch (thrown) {
      const error = TunnelError.from(thrown);
      this.endings.abort({ reason: error.endReason, text: error.message }, error.pathCode, nowMs);
    }
    this.#refresh(nowMs);
    return path.take();
  }
  handlePathEnd(path, nowMs) {
    path.peerHalfEnded = true;
    this.#guard(nowMs, () => {
      const { state, peerEnded } = this.parts.life;
      if (path !== this.parts.paths.active) this.parts.attacher?.drop(path, "ok");
      else if (path.ownHalfEnded) this.endings.handleBothHalvesEnded(nowMs);
      else if (state === "closing" && (peerEnded || !this.parts.mayResume)) return;
      else this.endings.lose({ reason: "path_ended", text: "the path ended without END", code: "ok" }, nowMs);
    });
  }
  handlePathClosed(path, closed, nowMs) {
    const code = "code" in closed ? closed.code : "";
    this.#guard(nowMs, () => {
      if (path !== this.parts.paths.active) this.#handleRefused(path, closed, nowMs);
      else if (this.parts.life.isUnproven)
        this.endings.vanish({ reason: reasonFromPathCode(code), text: "" }, nowMs);
      else if (code === "") this.endings.lose({ reason: "path_lost", text: "" }, nowMs);
      else this.endings.lose({ reason: "path_reset", text: `path reset: ${code}` }, nowMs);
    });
  }
  handleHint(nowMs) {
    this.#guard(nowMs, () => {
      if (this.parts.mayResume && this.parts.attacher?.handleHint(nowMs))
        this.parts.flow.liveness?.ask(nowMs);
    });
  }
  setRelays(relays) {
    this.#relays = relays;
    if (this.parts.attacher !== void 0) this.parts.flow.tellRelays(relays);
  }
  handleLocalReady(nowMs) {
    this.#guard(nowMs, () => {
      this.#sealReady(this.parts.first);
      this.#becomeUp(nowMs);
    });
  }
  /** @throws TunnelError `bad_state` when the ring is far above its bound, or after its end. */
  write(bytes, nowMs) {
    try {
      this.parts.flow.send.write(bytes);
    } catch (thrown) {
      const error = TunnelError.from(thrown);
      if (error.code === "bad_state") throw error;
      this.endings.fail(error, nowMs);
    }
    this.#refresh(nowMs);
  }
  end(ending, nowMs) {
    if (this.parts.first.established === void 0) this.endings.abort(ending, "ok", nowMs);
    else this.endings.close(ending, nowMs);
  }
  handleTimeout(nowMs) {
    const { due } = this.#timers;
    if (due !== void 0 && nowMs >= due.atMs) this.#guard(nowMs, () => this.#timers.run(due.atMs, nowMs));
  }
  pollTimeout() {
    return this.#timers.due;
  }
  #read(path, bytes, nowMs) {
    if (path.isBroken) return;
    if (this.parts.life.state !== "answering" && this.parts.life.receivingState === void 0) return;
    path.push(bytes);
    if (this.parts.life.state === "answering" && path.established) this.parts.life.advance("confirming");
    this.#readRecords(path, nowMs);
  }
  #readPending(path, bytes, nowMs) {
    const first2 = this.parts.attacher?.read(path, bytes);
    if (first2 === void 0) return;
    if (first2.kind === "gone") {
      this.endings.vanish({ reason: reasonFromNumber(first2.code), text: first2.text, byPeer: true }, nowMs);
      return;
    }
    this.#commit(path, first2, nowMs);
    this.#readRecords(path, nowMs);
  }
  #readRecords(path, nowMs) {
    while (this.parts.life.receivingState !== void 0) {
      const record = path.next();
      if (record === void 0) return;
      this.parts.flow.liveness?.handleValid(nowMs);
      const isAnswer = this.#handleRecord(record, nowMs);
      const attacher = this.parts.attacher;
      if (attacher?.isLooking || attacher?.isUnsettled) this.#handleSignOfLife(attacher, isAnswer, nowMs);
    }
  }
  /** @returns whether the record answers the last PING */
  #handleRecord(record, nowMs) {
    const state = this.parts.life.receivingState;
    if (state === void 0) return false;
    const permission = permissions[record.kind][state];
    if (permission === "refuse") {
      throw new TunnelError("unexpected_record", `${record.kind} in state ${state}`);
    }
    if (permission === "drop") return false;
    if (record.kind === "ready") {
      this.#handleReady(record, nowMs);
      return false;
    }
    this.parts.peerIsUp = true;
    if (record.kind === "end") {
      this.endings.close({ reason: reasonFromNumber(record.code), text: record.text, byPeer: true }, nowMs);
    } else if (record.kind === "relays") {
      if (this.parts.attacher !== void 0) this.parts.attacher.hints = record.relays;
      if (!isEnded(state)) this.parts.outputs.push({ kind: "peer_relays", relays: record.relays });
    } else {
      const isAnswer = this.parts.flow.handle(flowRecord(record), nowMs);
      if (record.kind === "ack") this.parts.life.handleProgress(nowMs);
      return isAnswer;
    }
    return false;
  }
  /** A valid record has come on the active path while another one is looked for, or since one was found. */
  #handleSignOfLife(attacher, isAnswer, nowMs) {
    const pathId = this.parts.paths.active?.id;
    if (pathId === void 0) return;
    if (attacher.isLooking) {
      if (attacher.needsPong && !isAnswer) return;
      attacher.keepOldPath(nowMs);
      this.parts.life.renewDeadline(nowMs);
      if (!isEnded(this.parts.life.state)) this.parts.outputs.push({ kind: "resumed", pathId });
    }
    attacher.observe(this.parts.offsets);
    if (isAnswer) attacher.handlePong(nowMs);
  }
  #handleReady(ready, nowMs) {
    this.#peerTicktimeSeconds = ready.ticktimeSeconds;
    this.parts.flow.send.open(ready.edge);
    this.#agreeOnResuming(ready.windowMs);
    if (this.parts.role === "initiator") {
      this.#becomeUp(nowMs);
      return;
    }
    this.parts.life.advance("confirmed", nowMs + this.parts.limits.establishTimeoutMs);
    const { tunnelId } = this.parts.first.established;
    this.parts.outputs.push({ kind: "confirmed", tunnelId, peerTicktimeSeconds: ready.ticktimeSeconds });
  }
  #agreeOnResuming(peerWindowMs) {
    const { attachKeys: keys, peerBootId } = this.parts.first.established;
    if (keys === void 0) return;
    if (this.#windowMs === 0 || peerWindowMs === 0) {
      keys.wipe();
      return;
    }
    const initiatorsMs = this.parts.role === "initiator" ? this.#windowMs : Math.min(peerWindowMs, windowMsMax);
    const windowMs = this.parts.role === "initiator" ? initiatorsMs : initiatorsMs + responderExtraMs;
    const { role, outputs } = this.parts;
    this.parts.attacher = new Attacher({
      role,
      keys,
      windowMs,
      peerBootId,
      outputs,
      paths: this.parts.paths
    });
    this.parts.life.answerEnd();
    if (this.#relays.length > 0) this.parts.flow.tellRelays(this.#relays);
  }
  #becomeUp(nowMs) {
    const resumes = this.parts.attacher !== void 0;
    this.parts.life.advance("open");
    this.parts.flow.start(nowMs, resumes);
    const { tunnelId, peerBootId } = this.parts.first.established;
    const peerTicktimeSeconds = this.#peerTicktimeSeconds;
    this.parts.outputs.push({ kind: "up", tunnelId, peerTicktimeSeconds, peerBootId, resumes });
  }
  #sealReady(path) {
    const { edge } = this.parts.flow.receive;
    path.seal({ kind: "ready", ticktimeSeconds: this.#ticktimeSeconds, edge, windowMs: this.#windowMs });
  }
  /** The first sealed record of the peer came on a pending path: it carries the tunnel now, and older ones are not read any more. */
  #commit(path, record, nowMs) {
    if (record.kind !== "attach" || this.parts.attacher === void 0)
      throw new TunnelError("internal", record.kind);
    this.parts.attacher.commit(path, this.parts.offsets, nowMs);
    if (this.parts.role === "initiator") path.seal(this.parts.flow.receive.attach());
    this.parts.peerIsUp = true;
    this.parts.flow.switchPath(nowMs);
    if (this.#relays.length > 0) this.parts.flow.tellRelays(this.#relays);
    this.parts.life.handleNewPath(nowMs);
    if (!isEnded(this.parts.life.state)) this.parts.outputs.push({ kind: "resumed", pathId: path.id });
    this.parts.flow.send.handleAttach(record);
    this.parts.attacher.observe(this.parts.offsets);
  }
  handleHintRefused(refusal, nowMs) {
    if (this.parts.role !== "responder" || !this.parts.attacher?.isRefused(refusal, nowMs)) return;
    this.endings.vanish({ reason: "unknown_tunnel", text: "" }, nowMs);
  }
  #handleRefused(path, closed, nowMs) {
    if (this.parts.attacher?.handleClosed(path, closed, nowMs)) {
      this.endings.vanish({ reason: "unknown_tunnel", text: "" }, nowMs);
    }
  }
  /** Runs what a peer can make fail; a failure ends the tunnel. */
  #guard(nowMs, step) {
    try {
      step();
    } catch (thrown) {
      this.endings.fail(TunnelError.from(thrown), nowMs);
    }
  }
  #refresh(nowMs) {
    const { state, endSent } = this.parts.life;
    if (state === "closing" || state === "closed") return;
    this.parts.flow.watch(endSent && this.parts.attacher !== void 0, nowMs);
    if (state !== "draining") this.parts.flow.regulate();
  }
};

// packages/tunnel/src/tunnel.ts
var Tunnel = class _Tunnel {
  /** Which side this is, for the tunnel's life. */
  role;
  #core;
  constructor(core) {
    this.#core = core;
    this.role = core.parts.role;
  }
  /**
   * Begins a tunnel; its {@link offer} goes into OPEN. Takes a few milliseconds.
   *
   * @param options - see {@link TunnelOptions}.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_option`, or `internal` when the random source misbehaves.
   */
  static initiate(options, nowMs) {
    requireOptions(options);
    return new _Tunnel(new TunnelCore(options, Path.initiate(handshakeOptions(options, "initiator")), nowMs));
  }
  /**
   * Answers an offer; the {@link answer} goes into OPEN_OK. Takes a few milliseconds: the shell bounds pending
   * handshakes and slows down who asks too often.
   *
   * @param options - see {@link RespondOptions}.
   * @param offer - from OPEN.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_offer` (also for an attach), `version_unsupported` or `decrypt_failed`: refuse the OPEN with
   *   `pathCode`; `bad_option`, or `internal` when the random source misbehaves.
   */
  static respond(options, offer, nowMs) {
    requireOptions(options);
    requireBootId(options.bootId);
    const own = { ...handshakeOptions(options, "responder"), bootId: options.bootId };
    return new _Tunnel(new TunnelCore(options, Path.respond(own, offer), nowMs));
  }
  /**
   * Which tunnel an OPEN is for.
   *
   * @param offer - from OPEN.
   * @returns `undefined` when it is for a new one: `Tunnel.respond`. Else, for an `attach`, the living tunnel of this id
   *   answers by {@link respondAttach}, or the tombstones do. A `hint` is for the initiator of that id: {@link handleHint};
   *   the OPEN is refused with `ok`, or with `unknown_tunnel` when there is none. Nothing of it is proven.
   * @throws TunnelError `bad_offer`.
   */
  static readAttachOffer(offer) {
    const decoded = decodeOffer(offer);
    if (decoded.kind !== "attach" && decoded.kind !== "hint") return void 0;
    return { kind: decoded.kind, tunnelId: decoded.tunnelId, epoch: decoded.epoch };
  }
  /**
   * What the initiator puts into OPEN.
   *
   * @throws TunnelError `bad_state` at the responder.
   */
  get offer() {
    const { offer } = this.#core.parts.first;
    if (offer !== void 0) return offer;
    throw new TunnelError("bad_state", "a responder has no offer");
  }
  /**
   * Responder: what goes into the OPEN that `send_hint` asks for.
   *
   * @throws TunnelError `bad_state` before the handshake is through.
   */
  get hintOffer() {
    const { tunnelId } = this;
    if (tunnelId === void 0) throw new TunnelError("bad_state", "no tunnel to hint at");
    return encodeOffer({ kind: "hint", versions: offeredVersions, epoch: 0, tunnelId });
  }
  /**
   * What the responder puts into OPEN_OK.
   *
   * @throws TunnelError `bad_state` at the initiator.
   */
  get answer() {
    const { answer: answer2 } = this.#core.parts.first;
    if (answer2 !== void 0) return answer2;
    throw new TunnelError("bad_state", "an initiator has no answer");
  }
  /** Where the tunnel stands. */
  get state() {
    return this.#core.parts.state;
  }
  /** 32 bytes; `undefined` until the handshake is through. */
  get tunnelId() {
    return this.#core.parts.first.established?.tunnelId;
  }
  /** Counters, as of now. */
  get metrics() {
    return this.#core.parts.metrics;
  }
  /**
   * Initiator: the answer of OPEN_OK. The path is open from now on. For the first path a peer with another cookie, realm
   * or name ends the tunnel `decrypt_failed`, with `reset_path` of that code; for another one only the path.
   *
   * @param pathId - 0, or from `open_path`.
   * @param answer - from OPEN_OK.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_state` at the responder or for a second answer.
   */
  handleAnswer(pathId, answer2, nowMs) {
    if (this.role !== "initiator") throw new TunnelError("bad_state", "answer at the responder");
    const path = this.#core.find(pathId);
    if (path?.established !== void 0)
      throw new TunnelError("bad_state", `second answer on path ${pathId}`);
    if (path !== void 0) this.#core.handleAnswer(path, answer2, nowMs);
  }
  /**
   * Responder: an OPEN with an attach offer for this tunnel. The path's first bytes are polled by `pollPath` at once.
   *
   * @param offer - from OPEN.
   * @param nowMs - monotonic time.
   * @returns the number of the path, and what goes into OPEN_OK.
   * @throws TunnelError `not_attachable`, `stale_epoch`, `bad_offer`, `version_unsupported` or `decrypt_failed`: refuse the
   *   OPEN with `pathCode`. The tunnel is as before.
   */
  respondAttach(offer, nowMs) {
    return this.#core.respondAttach(offer, nowMs);
  }
  /**
   * Bytes of a path.
   *
   * @param pathId - which.
   * @param bytes - any part of the stream, in order; belong to the tunnel from now on.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_state` before the answer.
   */
  handlePathData(pathId, bytes, nowMs) {
    const path = this.#core.find(pathId);
    if (path === void 0) return;
    if (path.established === void 0 && path.offer !== void 0) {
      throw new TunnelError("bad_state", "path data before the answer");
    }
    this.#core.handleData(path, bytes, nowMs);
  }
  /**
   * The records to put on a path now; call it only while the path takes bytes. Control goes before data, and one
   * call returns at most one record of data (64 KiB), so that a blocked path blocks the tunnel, not memory.
   *
   * @param pathId - which.
   * @param nowMs - monotonic time.
   * @returns pieces to be sent in this order, or `undefined` when there is nothing to send.
   */
  pollPath(pathId, nowMs) {
    const path = this.#core.find(pathId);
    return path === void 0 ? void 0 : this.#core.poll(path, nowMs);
  }
  /**
   * The peer's half of a path is at its end. Without END before it this is loss, never end of stream.
   *
   * @param pathId - which.
   * @param nowMs - monotonic time.
   */
  handlePathEnd(pathId, nowMs) {
    const path = this.#core.find(pathId);
    if (path !== void 0) this.#core.handlePathEnd(path, nowMs);
  }
  /**
   * A path is gone, or its OPEN was refused. Before the peer has proven itself the code is the best there is;
   * afterwards it is not believed, but for `unknown_tunnel` under the conditions of SPEC.md.
   *
   * @param pathId - which.
   * @param closed - the code, or lost.
   * @param nowMs - monotonic time.
   */
  handlePathClosed(pathId, closed, nowMs) {
    const path = this.#core.find(pathId);
    if (path !== void 0) this.#core.handlePathClosed(path, closed, nowMs);
  }
  /**
   * Initiator: the peer says by another way that it waits, or the shell has a session again: the next try for a path
   * is made now; while the tunnel has a path, that one is asked by PING. Heeded at most once a second.
   *
   * @param nowMs - monotonic time.
   */
  handleHint(nowMs) {
    this.#core.handleHint(nowMs);
  }
  /**
   * Responder: the hint's OPEN was refused. `unknown_tunnel` is believed under the conditions of SPEC.md, and nothing else.
   *
   * @param refusal - as it came.
   * @param nowMs - monotonic time.
   */
  handleHintRefused(refusal, nowMs) {
    this.#core.handleHintRefused(refusal, nowMs);
  }
  /**
   * Tells the peer which relays this side can be reached over, most preferred first; they replace those told before.
   *
   * @param relays - URLs or what else the peer's relay understands: at most 8 of 1 to 512 printable ASCII characters.
   * @throws TunnelError `bad_option`.
   */
  setRelays(relays) {
    if (relays.length > relaysMax || !relays.every(isRelayText)) {
      throw new TunnelError("bad_option", `at most ${relaysMax} relays of printable ASCII`);
    }
    this.#core.setRelays([...relays]);
  }
  /**
   * Responder, after `confirmed`: the local node is connected. Ignored when the tunnel has ended meanwhile.
   *
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_state` in any other state.
   */
  localReady(nowMs) {
    if (isEnded(this.state)) return;
    if (this.state !== "confirmed") throw new TunnelError("bad_state", `localReady in ${this.state}`);
    this.#core.handleLocalReady(nowMs);
  }
  /**
   * Bytes of the local socket; ignored after `ended`. They are held until acknowledged.
   *
   * @param bytes - at most 1 MiB; belong to the tunnel from now on. A view keeps its whole buffer in memory.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_state` after `handleLocalEnd`, or when the ring would be 1 MiB over its bound:
   *   the caller did not stop reading at `pause_local`. Nothing was taken.
   */
  handleLocalData(bytes, nowMs) {
    if (isEnded(this.state)) return;
    this.#core.write(bytes, nowMs);
  }
  /**
   * The local socket's kernel accepted delivered bytes; only then they are acknowledged and the window moves.
   *
   * @param byteCount - how many more, in the order of delivery.
   * @param nowMs - monotonic time.
   * @throws TunnelError `bad_state` when more were accepted than delivered.
   */
  handleLocalAccepted(byteCount, nowMs) {
    this.#core.parts.flow.receive.accept(byteCount, nowMs);
  }
  /**
   * The local socket half-closed: FIN follows its data, the other direction goes on. A node that closes its socket
   * altogether is `handleLocalClosed`.
   */
  handleLocalEnd() {
    if (!isEnded(this.state)) this.#core.parts.flow.send.finish();
  }
  /**
   * The local socket closed: what it wrote is still sent, then END(`beam_closed`). Nothing more is delivered.
   *
   * @param nowMs - monotonic time.
   */
  handleLocalClosed(nowMs) {
    if (isEnded(this.state)) return;
    if (this.#core.parts.life.state === "open")
      this.#core.parts.life.drain({ reason: "beam_closed", text: "" }, nowMs);
    else this.end("beam_closed", "", nowMs);
  }
  /**
   * Ends the tunnel at once: END goes before unsent data. Ignored after `ended`, but for what still drains.
   *
   * @param reason - told to the peer, sealed.
   * @param text - for people, at most 1024 bytes of UTF-8; empty: the reason's sentence.
   * @param nowMs - monotonic time.
   */
  end(reason, text3, nowMs) {
    if (this.state === "closing" || this.state === "closed") return;
    this.#core.end({ reason, text: text3 }, nowMs);
  }
  /**
   * The time `pollTimeout` named has come. Too early is harmless; more than 5 s late means that this process slept,
   * and the peer's silence meanwhile is not held against it.
   *
   * @param nowMs - monotonic time.
   */
  handleTimeout(nowMs) {
    this.#core.handleTimeout(nowMs);
  }
  /** When `handleTimeout` wants to be called, and why; `undefined` when nothing is waited for. */
  pollTimeout() {
    return this.#core.pollTimeout();
  }
  /** What the shell has to do next, or `undefined`. */
  pollOutput() {
    return this.#core.parts.outputs.poll();
  }
};

// packages/client/src/incoming-tunnel.ts
var IncomingTunnel = class {
  /** The name the peer claims; proven by the tunnel handshake. */
  from;
  /** Which of our names it asks for. */
  to;
  #handover;
  #respond;
  #onSettled;
  #closed = false;
  /** `onSettled`: answered, or the peer gave up; may be called again. */
  constructor(request, respond2) {
    this.from = request.open.from;
    this.to = request.open.to;
    this.#handover = request.handover;
    this.#respond = respond2;
    this.#onSettled = request.onSettled;
    request.handover.stream.start({
      onData: () => void 0,
      // paused
      onEnd: () => void 0,
      onDrain: () => void 0,
      onClosed: () => {
        this.#closed = true;
        request.handover.onOver?.();
        this.#onSettled();
      }
    });
  }
  /**
   * Answers with the tunnel key (32 bytes); the tunnel reports `onConfirmed` once the peer has proven that it has it too.
   * Undefined when the offer was unusable: it has been refused with its code then.
   */
  accept(options) {
    let tunnel;
    try {
      tunnel = this.#respond(options.key);
    } catch (thrown) {
      const error = TunnelError.from(thrown);
      this.refuse(error.pathCode, error.message);
      return void 0;
    }
    if (this.#closed) queueMicrotask(() => tunnel.fail("relay_lost", "the peer gave up"));
    else tunnel.acceptPath(this.#handover);
    this.#onSettled();
    return tunnel;
  }
  /** Answers that there will be no tunnel. */
  refuse(code, text3) {
    if (this.#closed) return;
    refuseOpen(this.#handover, code, text3);
    this.#onSettled();
  }
};
function refuseOpen(handover, code, text3) {
  const { stream, onOver } = handover;
  stream.start({
    ...{ onData: () => void 0, onEnd: () => void 0, onDrain: () => void 0 },
    onClosed: () => onOver?.()
  });
  stream.write(encodeMessage({ kind: "open_failed", code, text: text3 }));
  stream.end();
  stream.resume();
}

// packages/client/src/mesh.ts
import { randomBytes as randomBytes7 } from "node:crypto";

// packages/client/src/attach-desk.ts
var AttachDesk = class {
  tombstones = new Tombstones();
  #tunnels;
  #sweep;
  /** `tunnels`: all that live. */
  constructor(tunnels) {
    this.#tunnels = tunnels;
    this.#sweep = setInterval(() => this.tombstones.handleTimeout(performance.now()), tombstoneSweepMs);
    this.#sweep.unref();
  }
  /** Answers the OPEN if it attaches; else it is for a new tunnel: false. */
  answer(open3, handover) {
    try {
      const attach = Tunnel.readAttachOffer(open3.offer);
      if (attach === void 0) return false;
      const tunnel = this.#find(attach.kind === "hint" ? "initiator" : "responder", attach.tunnelId);
      if (attach.kind === "hint") {
        refuseOpen(handover, tunnel === void 0 ? "unknown_tunnel" : "superseded", "");
        tunnel?.handleHint();
      } else if (tunnel === void 0) this.#answerGone(open3, handover);
      else tunnel.acceptAttach(open3.offer, handover);
    } catch (thrown) {
      const { pathCode, message: message2 } = TunnelError.from(thrown);
      refuseOpen(handover, pathCode, message2);
    }
    return true;
  }
  /** Forgets all. */
  close() {
    clearInterval(this.#sweep);
    this.tombstones.clear();
  }
  #find(role, tunnelId) {
    for (const tunnel of this.#tunnels()) {
      if (tunnel.role === role && Buffer.from(tunnelId).equals(tunnel.tunnelId ?? nothing5)) return tunnel;
    }
    return void 0;
  }
  #answerGone(open3, handover) {
    const gone = this.tombstones.respondAttach(open3.offer, performance.now());
    if (gone === void 0) {
      refuseOpen(handover, "unknown_tunnel", "");
      return;
    }
    const { stream, onOver } = handover;
    stream.start({
      ...{ onData: () => void 0, onEnd: () => void 0, onDrain: () => void 0 },
      onClosed: () => onOver?.()
    });
    stream.write(encodeMessage({ kind: "open_ok", answer: gone.answer }));
    for (const record of gone.records) stream.write(record);
    stream.end();
    stream.resume();
  }
};
var nothing5 = new Uint8Array(0);

// packages/client/src/attach-routes.ts
var AttachRoutes = class {
  #reattachments = 0;
  #tries = 0;
  /** `sessions`: those that stand, most preferred first; undefined: none of them is known to live. */
  next(sessions, tunnel) {
    const { reattachments } = tunnel.metrics();
    if (reattachments !== this.#reattachments) this.#tries = 0;
    this.#reattachments = reattachments;
    const silent = tunnel.path?.relay;
    const fit = sessions.filter(({ isDoubted, isDraining }) => !isDoubted && !isDraining);
    const ways = [
      ...fit.filter(({ url }) => url.text !== silent),
      ...fit.filter(({ url }) => url.text === silent)
    ];
    const way = ways[this.#tries % Math.max(1, ways.length)];
    if (way !== void 0) this.#tries++;
    return way;
  }
};

// packages/client/src/leave-relay.ts
function leaveRelay(relay, tunnels) {
  for (const [role, delayMs] of leaveDelaysMs)
    setTimeout(() => {
      for (const tunnel of tunnels())
        if (tunnel.role === role && tunnel.path?.relay === relay.text) tunnel.leavePath();
    }, delayMs).unref();
}

// packages/client/src/attach-exclusions.ts
var AttachExclusions = class {
  #passed;
  /** They know nothing of the tunnel, and are passed over until it turns out that there is nobody else. */
  #ignorant = [];
  /** They know nothing of it, and there was nobody else. */
  #alone = [];
  /** `passed`: those that could not prove the key. */
  constructor(passed = []) {
    this.#passed = passed;
  }
  /** Tags of sessions for OPEN. */
  get excluded() {
    return [...this.#passed, ...this.#ignorant];
  }
  /** Takes a refusal, of the session `via`; gives the code that the tunnel is told. */
  handleRefused(code, via) {
    if (code === "unknown_tunnel" && via !== void 0 && this.#isNews(via)) {
      this.#ignorant.push(via);
      return "not_here";
    }
    const isNobodyElse = code === "not_found" || code === "not_here";
    if (!isNobodyElse || this.#ignorant.length === 0) return code;
    this.#alone = this.#ignorant;
    this.#ignorant = [];
    return "unknown_tunnel";
  }
  #isNews(via) {
    if (this.#ignorant.length >= openRetriesMax) return false;
    return !this.#alone.some((tag2) => Buffer.from(tag2).equals(via));
  }
  /** The tunnel goes on. */
  handleResumed() {
    this.#ignorant = [];
    this.#alone = [];
  }
};

// packages/client/src/local-socket.ts
var LocalSocket = class {
  #socket;
  #handlers;
  #closed = false;
  constructor(socket, handlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    const close = () => {
      if (this.#closed) return;
      this.#closed = true;
      handlers.onClosed();
    };
    socket.setNoDelay?.(true);
    socket.on("error", close);
    socket.on("end", close);
    socket.on("close", close);
  }
  /** Begins to read, with what was read before first. */
  start(alreadyRead = new Uint8Array(0)) {
    if (alreadyRead.length > 0) this.#handlers.onData(alreadyRead);
    this.#socket.on("data", (bytes) => this.#handlers.onData(bytes));
    this.#socket.resume();
    if (this.#socket.destroyed || this.#socket.readableEnded) this.#handlers.onClosed();
  }
  write(pieces) {
    for (const piece of pieces) {
      this.#socket.write(piece, (error) => {
        if (!error) this.#handlers.onAccepted(piece.length);
      });
    }
  }
  /** Lets the pieces of one turn leave in one system call. */
  cork() {
    this.#socket.cork();
  }
  uncork() {
    this.#socket.uncork();
  }
  pause() {
    this.#socket.pause();
  }
  resume() {
    this.#socket.resume();
  }
  end() {
    this.#socket.end();
  }
  /** Closes after the delay, once the kernel has taken what was written; at once when the node closes before. */
  closeAfterDelivery(delayMs) {
    const socket = this.#socket;
    if (this.#closed) delayMs = 0;
    this.#closed = true;
    socket.resume();
    if (delayMs === 0) {
      socket.destroySoon();
      return;
    }
    const timer = setTimeout(() => socket.destroySoon(), delayMs);
    socket.once("close", () => clearTimeout(timer));
  }
};

// packages/client/src/open-retries.ts
var OpenRetries = class {
  #excluded = [];
  #first;
  /** Sessions that shall not answer any more. */
  get excluded() {
    return this.#excluded;
  }
  /** An attempt failed at a session that had not proven the cookie; true: try again. `via` undefined: no session is at fault. */
  handleFailed(attempt, via) {
    this.#first ??= attempt;
    if (via === void 0 || attempt.byPeer || this.#excluded.length >= openRetriesMax) return false;
    if (this.#excluded.some((tag2) => isSame(tag2, via))) return false;
    this.#excluded.push(via);
    return true;
  }
  /** What to tell of a tunnel that ended so: what the peer has sealed, else the first failure. */
  outcome(last) {
    return last.byPeer ? last : this.#first ?? last;
  }
};
function isSame(a, b) {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

// packages/client/src/stream-path.ts
var StreamPath = class {
  /** Where it begins. */
  beginsAt;
  #stream;
  #handlers;
  #noteUse;
  #alreadyRead;
  #writable = true;
  constructor({ stream, alreadyRead, noteUse, beginsAt: beginsAt2, onOver }, handlers) {
    this.beginsAt = beginsAt2;
    this.#stream = stream;
    this.#alreadyRead = alreadyRead;
    this.#handlers = handlers;
    this.#noteUse = noteUse;
    stream.start({
      onData: (bytes) => handlers.onData(bytes),
      onEnd: () => handlers.onEnd(),
      onDrain: () => {
        this.#writable = true;
        handlers.onWritable();
      },
      onClosed: (reason) => {
        this.#writable = false;
        handlers.onOver();
        onOver?.();
        if (reason.kind === "done") return;
        if (reason.kind === "reset" && reason.local) return;
        handlers.onClosed(reason.kind === "reset" ? { code: codeFromNumber(reason.code) } : { lost: true });
      }
    });
  }
  /** Begins to deliver, with what was read before the hand-over first. */
  start() {
    const bytes = this.#alreadyRead;
    this.#alreadyRead = new Uint8Array(0);
    if (bytes.length > 0) this.#handlers.onData(bytes);
    this.#stream.resume();
  }
  /** Whether the stream takes more bytes now. */
  get writable() {
    return this.#writable;
  }
  /** Writes pieces in order. */
  write(pieces) {
    this.#noteUse?.();
    for (const piece of pieces) if (!this.#stream.write(piece)) this.#writable = false;
  }
  end() {
    this.#writable = false;
    this.#stream.end();
  }
  reset(code) {
    this.#writable = false;
    this.#stream.reset(code);
  }
};

// packages/client/src/tunnel-cores.ts
import { randomBytes as randomBytes6 } from "node:crypto";
function initiatorCores(options) {
  const { establishTimeoutMs = establishTimeoutDefaultMs } = options.limits ?? {};
  const deadlineMs = performance.now() + establishTimeoutMs;
  let attempts = 0;
  return () => {
    const nowMs = performance.now();
    if (attempts++ > 0 && nowMs >= deadlineMs) return void 0;
    const limits = { ...options.limits, establishTimeoutMs: Math.ceil(deadlineMs - nowMs) };
    return Tunnel.initiate(
      { ...common2(options), ownName: options.from, peerName: options.to, limits },
      nowMs
    );
  };
}
function responderCore(options) {
  const { open: open3, bootId, tombstones } = options;
  const own = { bootId, tombstones, limits: { ...options.limits } };
  return Tunnel.respond(
    { ...common2(options), ...own, ownName: open3.to, peerName: open3.from },
    open3.offer,
    performance.now()
  );
}
function common2(options) {
  const { protocol, realm, key, netTicktime, ringBudget } = options;
  return { protocol, realm, tunnelKey: key, random: randomBytes6, ticktimeSeconds: netTicktime, ringBudget };
}

// packages/client/src/tunnel-paths.ts
var firstPath = 0;
var TunnelPaths = class {
  #standing = /* @__PURE__ */ new Map();
  /** Offers that wait for a session, and the peer's relays as it has told them. */
  #wanted = /* @__PURE__ */ new Map();
  /** How to give up what was not answered yet. */
  #asked = /* @__PURE__ */ new Map();
  /** A path stands. */
  add(pathId, path) {
    this.#asked.delete(pathId);
    this.#standing.set(pathId, path);
  }
  /** It is over. */
  remove(pathId, path) {
    if (this.#standing.get(pathId) === path) this.#standing.delete(pathId);
  }
  beginsAt(pathId) {
    return this.#standing.get(pathId)?.beginsAt;
  }
  want(pathId, offer, hints) {
    this.#wanted.set(pathId, { offer, hints });
  }
  /** Asks for a path with its offer, unless it isn't wanted any more. */
  ask(pathId, ask) {
    const wanted = this.#wanted.get(pathId);
    if (wanted !== void 0 && this.#wanted.delete(pathId))
      this.#asked.set(pathId, ask(wanted.offer, wanted.hints));
  }
  handleAnswered(pathId) {
    this.#asked.delete(pathId);
  }
  end(pathId) {
    this.#standing.get(pathId)?.end();
  }
  /** Gives a path up, at whatever stage it is. */
  reset(pathId, code) {
    this.#standing.get(pathId)?.reset(codeNumber(code));
    this.#wanted.delete(pathId);
    this.#asked.get(pathId)?.(code, "");
    this.#asked.delete(pathId);
  }
  resetStanding(code) {
    for (const path of this.#standing.values()) path.reset(codeNumber(code));
  }
  giveUpAsked() {
    for (const giveUp of this.#asked.values()) giveUp("ok", "");
    this.#asked.clear();
    this.#wanted.clear();
  }
  /** Forgets all: they belong to an attempt that is over. */
  clear() {
    this.#standing.clear();
  }
  /** Writes what `next` gives for each path, while that takes bytes. */
  pump(next) {
    for (const [pathId, path] of this.#standing) {
      while (path.writable) {
        const pieces = next(pathId);
        if (pieces === void 0) break;
        path.write(pieces);
      }
    }
  }
};

// packages/client/src/tunnel-warnings.ts
function squatterWarning(count) {
  if (count === 0) return void 0;
  const sessions = `${count} other ${count === 1 ? "session" : "sessions"}`;
  const text3 = `${sessions} of this name could not prove the cookie and had to be passed over`;
  return { kind: "passed_over", text: text3 };
}
function ticktimeWarning(peer, ownSeconds, peerSeconds) {
  if (ownSeconds === 0 || peerSeconds === 0 || ownSeconds === peerSeconds) return void 0;
  const text3 = `net_ticktime is ${ownSeconds} here and ${peerSeconds} at ${peer}; set the same everywhere, or idle links may die`;
  return { kind: "ticktime_mismatch", text: text3 };
}

// packages/client/src/wake-timer.ts
var WakeTimer = class {
  #onDue;
  #timer;
  #atMs = Number.POSITIVE_INFINITY;
  constructor(onDue) {
    this.#onDue = onDue;
  }
  /** Calls back at this time of `performance.now()` at the latest. */
  arm(atMs) {
    if (atMs >= this.#atMs) return;
    this.clear();
    this.#atMs = atMs;
    this.#timer = setTimeout(
      () => {
        this.#atMs = Number.POSITIVE_INFINITY;
        this.#onDue();
      },
      Math.max(0, Math.ceil(atMs - performance.now()))
    );
  }
  clear() {
    clearTimeout(this.#timer);
    this.#atMs = Number.POSITIVE_INFINITY;
  }
};

// packages/client/src/mesh-tunnel.ts
var MeshTunnel = class _MeshTunnel {
  peer;
  role;
  /** Of the mesh that owns it. */
  owner = {};
  #core;
  /** Initiator, until it is up or its owner has closed it. */
  #retries;
  #isRetrying = false;
  /** Which session has answered. */
  #via;
  #netTicktime;
  #handlers;
  #untold = [];
  #paths = new TunnelPaths();
  #relays = [];
  #activePath = firstPath;
  #resumes = false;
  #exclusions = new AttachExclusions();
  #detached;
  #openAttempt = 0;
  #giveUpOpen;
  #local;
  /** Came before the local socket; the tunnel's window bounds it. */
  #undelivered = [];
  #timer = new WakeTimer(() => this.#input(() => this.#core.handleTimeout(performance.now())));
  #pumping = false;
  #ended = false;
  #gone = false;
  constructor(core, peer, netTicktime) {
    this.#core = core;
    this.role = core.role;
    this.peer = peer;
    this.#netTicktime = netTicktime;
    this.#armTimer();
  }
  /** @throws TunnelError `bad_option` */
  static initiate(options) {
    const nextCore = initiatorCores(options);
    const tunnel = new _MeshTunnel(nextCore(), options.to, options.netTicktime);
    tunnel.#retries = { decide: new OpenRetries(), nextCore };
    return tunnel;
  }
  /** @throws TunnelError `bad_offer`, `version_unsupported`, `decrypt_failed`, `bad_option` */
  static respond(options) {
    return new _MeshTunnel(responderCore(options), options.open.from, options.netTicktime);
  }
  /** 32 bytes; undefined until the handshake is through. */
  get tunnelId() {
    return this.#core.tunnelId;
  }
  /** Begins to tell; what happened before is told now. */
  start(handlers) {
    this.#handlers = handlers;
    for (const tell of this.#untold.splice(0)) tell(handlers);
  }
  /** Sessions that shall not answer. */
  get excluded() {
    return this.#retries?.decide.excluded ?? this.#exclusions.excluded;
  }
  /** Initiator: the offer was sent and not answered yet. */
  get isOpening() {
    return this.#giveUpOpen !== void 0;
  }
  /** Initiator: sends the offer by `open`, a session's; an earlier attempt that wasn't answered yet is given up. */
  openPath(open3) {
    if (this.#ended) return;
    const attempt = ++this.#openAttempt;
    this.#giveUpOpen?.("ok", "");
    this.#tell((handlers2) => handlers2.onProgress?.());
    const handlers = {
      onAnswer: (answer2, handover, via) => {
        this.#giveUpOpen = void 0;
        this.#via = via;
        this.#tell((handlers2) => handlers2.onProgress?.());
        this.#usePath(
          firstPath,
          handover,
          () => this.#core.handleAnswer(firstPath, answer2, performance.now())
        );
      },
      onFailed: (error, via) => {
        if (attempt !== this.#openAttempt) return;
        this.#giveUpOpen = void 0;
        const reason = wireCodeOf(error);
        this.#via = via;
        if (this.#mayRetry({ reason, text: error.message, byPeer: false })) this.#retry();
        else this.fail(reason, error.message);
      }
    };
    this.#giveUpOpen = open3(this.#core.offer, handlers, []);
  }
  /** Initiator: a path that `onAttachWanted` asked for; nothing when it isn't wanted any more. */
  openAttach(pathId, open3) {
    const handlers = {
      onAnswer: (answer2, handover) => this.#usePath(pathId, handover, () => this.#core.handleAnswer(pathId, answer2, performance.now())),
      onFailed: (error, via, relay) => {
        const closed = { code: this.#exclusions.handleRefused(wireCodeOf(error), via), via: relay };
        this.#paths.handleAnswered(pathId);
        this.#input(() => this.#core.handlePathClosed(pathId, closed, performance.now()));
      }
    };
    this.#paths.ask(pathId, (offer, hints) => open3(offer, handlers, hints));
  }
  /** Responder: the answer to a hint, of the session `tag`, over a relay. */
  handleHintRefused(refused2, tag2, relay) {
    const code = this.#exclusions.handleRefused(refused2, tag2);
    this.#input(() => this.#core.handleHintRefused({ code, via: relay }, performance.now()));
  }
  /** Tells the peer which relays this side can be reached over. */
  setRelays(relays) {
    this.#relays = relays;
    this.#input(() => this.#core.setRelays(relays));
  }
  /** It has no path that is known to work. */
  get isDetached() {
    return this.#detached !== void 0;
  }
  /** A session has come, or the peer waits: an initiator makes its next try now, a responder asks for one. */
  handleHint() {
    if (this.role === "initiator") this.#input(() => this.#core.handleHint(performance.now()));
    else if (this.isDetached) this.owner.onHintWanted?.(this.#core.hintOffer);
  }
  /** Goes on over another path though this one works, since what carries it is about to stop; a tunnel that can't stays on it. */
  leavePath() {
    if (!this.#resumes) return;
    const pathId = this.#activePath;
    this.#paths.reset(pathId, "superseded");
    this.#input(() => this.#core.handlePathClosed(pathId, { lost: true }, performance.now()));
  }
  /** Responder: answers on the stream the OPEN came on. */
  acceptPath(handover) {
    handover.stream.write(encodeMessage({ kind: "open_ok", answer: this.#core.answer }));
    this.#usePath(firstPath, handover, () => void 0);
  }
  /**
   * Responder: an OPEN that attaches to this tunnel; answers on its stream.
   * @throws TunnelError - refuse the OPEN with its `pathCode`; the tunnel is as before
   */
  acceptAttach(offer, handover) {
    const { pathId, answer: answer2 } = this.#core.respondAttach(offer, performance.now());
    handover.stream.write(encodeMessage({ kind: "open_ok", answer: answer2 }));
    this.#usePath(pathId, handover, () => void 0);
  }
  /** Takes the local socket over: raw bytes in both directions until the tunnel's end. */
  attachLocal(socket, alreadyRead) {
    this.#local = new LocalSocket(socket, {
      onData: (bytes) => this.#input(() => this.#core.handleLocalData(bytes, performance.now())),
      onAccepted: (byteCount) => this.#input(() => this.#core.handleLocalAccepted(byteCount, performance.now())),
      onClosed: () => this.#input(() => this.#core.handleLocalClosed(performance.now()))
    });
    if (this.#ended) {
      this.#local.write(this.#undelivered);
      this.#local.closeAfterDelivery(localCloseDelayMs);
      return;
    }
    if (this.role === "responder") this.#input(() => this.#core.localReady(performance.now()));
    this.#local.write(this.#undelivered);
    this.#undelivered = [];
    if (this.#detached !== void 0) this.#handleDetached(this.#detached);
    this.#local.start(alreadyRead);
  }
  /** Ends the tunnel and tells the peer why. */
  close(reason, text3) {
    this.#retries = void 0;
    this.#input(() => this.#core.end(reason, text3, performance.now()));
  }
  /** Ends the tunnel without its path: there is none, or it doesn't matter any more. */
  fail(reason, text3) {
    this.#endWith({ reason, text: text3 === "" ? codeSentence(reason) : text3, byPeer: false });
    this.#input(() => this.#core.end(reason, text3, performance.now()));
    this.#paths.resetStanding(reason);
    this.#disappear();
  }
  /** Where its path begins; undefined: nowhere now. */
  get path() {
    return this.#paths.beginsAt(this.#activePath) ?? (this.isOpening ? this.owner.findPath?.() : void 0);
  }
  metrics() {
    return this.#core.metrics;
  }
  #usePath(pathId, handover, before) {
    const core = this.#core;
    const input = (handle) => {
      if (this.#core === core) this.#input(handle);
    };
    const path = new StreamPath(handover, {
      onData: (bytes) => input(() => core.handlePathData(pathId, bytes, performance.now())),
      onEnd: () => input(() => core.handlePathEnd(pathId, performance.now())),
      onWritable: () => input(() => void 0),
      onClosed: (closed) => input(() => core.handlePathClosed(pathId, closed, performance.now())),
      onOver: () => this.#paths.remove(pathId, path)
    });
    this.#paths.add(pathId, path);
    this.#input(before);
    path.start();
  }
  /** Every input goes through here: then outputs, path bytes and the timer follow. */
  #input(handle) {
    if (this.#gone) return;
    try {
      handle();
    } catch (thrown) {
      const { text: text3 } = describeFailure(thrown);
      this.#endWith({
        reason: thrown instanceof TunnelError ? thrown.endReason : "tunnel_error",
        text: text3,
        byPeer: false
      });
      this.#paths.resetStanding("tunnel_error");
      this.#disappear();
      return;
    }
    if (this.#pumping) return;
    this.#pumping = true;
    this.#local?.cork();
    this.#drainOutputs();
    this.#paths.pump((pathId) => this.#nextPieces(pathId));
    this.#drainOutputs();
    this.#local?.uncork();
    this.#pumping = false;
    this.#armTimer();
  }
  #nextPieces(pathId) {
    this.#drainOutputs();
    return this.#gone ? void 0 : this.#core.pollPath(pathId, performance.now());
  }
  #drainOutputs() {
    for (let output = this.#core.pollOutput(); output !== void 0; output = this.#core.pollOutput()) {
      this.#handleOutput(output);
    }
  }
  #handleOutput(output) {
    switch (output.kind) {
      case "deliver":
        if (this.#local === void 0) this.#undelivered.push(...output.bytes);
        else this.#local.write(output.bytes);
        return;
      case "deliver_end":
        this.#local?.end();
        return;
      case "pause_local":
        this.#local?.pause();
        return;
      case "resume_local":
        this.#local?.resume();
        return;
      case "confirmed":
        this.owner.onProven?.();
        this.#warn(ticktimeWarning(this.peer, this.#netTicktime, output.peerTicktimeSeconds));
        this.#tell((handlers) => handlers.onConfirmed?.());
        return;
      case "up":
        this.#resumes = output.resumes;
        if (this.role === "responder") return;
        this.owner.onProven?.();
        this.#warn(squatterWarning(this.excluded.length));
        this.#exclusions = new AttachExclusions(this.excluded);
        this.#retries = void 0;
        this.#warn(ticktimeWarning(this.peer, this.#netTicktime, output.peerTicktimeSeconds));
        this.#tell((handlers) => handlers.onUp?.());
        return;
      case "ended":
        this.#isRetrying = this.#mayRetry(output);
        if (!this.#isRetrying) this.#endWith(output);
        return;
      case "detached":
        this.#handleDetached({ reason: output.reason, untilMs: output.deadlineMs });
        return;
      case "resumed":
        this.#handleResumed(output.pathId);
        return;
      case "open_path":
        this.#paths.want(output.pathId, output.offer, output.hints);
        this.owner.onAttachWanted?.(output.pathId);
        return;
      case "end_path":
        this.#paths.end(output.pathId);
        return;
      case "reset_path":
        this.#paths.reset(output.pathId, output.code);
        if (output.pathId === firstPath) this.#giveUpOpen?.(output.code, "");
        return;
      case "peer_relays":
        return;
      case "send_hint":
        this.owner.onHintWanted?.(this.#core.hintOffer);
        return;
      case "closed":
        if (this.#isRetrying) this.#retry();
        else this.#disappear();
        return;
    }
  }
  #handleDetached(info) {
    const { sinceMs } = this.#detached ?? { sinceMs: performance.now() };
    this.#detached = { ...info, sinceMs };
    if (this.#local !== void 0) this.#tell((handlers) => handlers.onDetached?.(info));
  }
  #handleResumed(pathId) {
    const afterMs = this.#detached === void 0 ? 0 : performance.now() - this.#detached.sinceMs;
    this.#detached = void 0;
    this.#activePath = pathId;
    this.#exclusions.handleResumed();
    const { reattachments } = this.#core.metrics;
    if (this.#local !== void 0) this.#tell((handlers) => handlers.onResumed?.({ afterMs, reattachments }));
  }
  /** Whether this attempt failed at a session that had not proven the key, and there may be another. */
  #mayRetry(attempt) {
    if (this.#ended || this.#retries === void 0) return false;
    const isUnproven = this.#core.tunnelId === void 0 || attempt.reason === "decrypt_failed";
    return this.#retries.decide.handleFailed(attempt, isUnproven ? this.#via : void 0);
  }
  /** Begins anew, with nothing of the attempt before. */
  #retry() {
    this.#isRetrying = false;
    this.#via = void 0;
    this.#paths.clear();
    this.#core.end("ok", "", performance.now());
    const core = this.#retries?.nextCore();
    if (core === void 0) {
      this.fail("timeout", "");
      return;
    }
    this.#core = core;
    this.#core.setRelays(this.#relays);
    this.#timer.clear();
    this.#armTimer();
    this.owner.onRetry?.();
  }
  #warn(warning) {
    if (warning !== void 0) this.#tell((handlers) => handlers.onWarning?.(warning.kind, warning.text));
  }
  #endWith(end2) {
    if (this.#ended) return;
    this.#ended = true;
    const { reason, text: text3, byPeer } = this.#retries?.decide.outcome(end2) ?? end2;
    this.#retries = void 0;
    this.#tell((handlers) => handlers.onEnded({ reason, text: text3, byPeer }));
    this.#local?.closeAfterDelivery(localCloseDelayMs);
  }
  #disappear() {
    if (this.#gone) return;
    this.#gone = true;
    this.#timer.clear();
    this.#giveUpOpen?.("ok", "");
    this.#paths.giveUpAsked();
    this.owner.onGone?.();
  }
  #tell(tell) {
    if (this.#handlers === void 0) this.#untold.push(tell);
    else tell(this.#handlers);
  }
  #armTimer() {
    const due = this.#gone ? void 0 : this.#core.pollTimeout();
    if (due !== void 0) this.#timer.arm(due.atMs);
  }
};

// packages/client/src/open-copies.ts
var OpenCopies = class {
  /** When each path was first asked for, in that order. */
  #paths = /* @__PURE__ */ new Map();
  /** Whether an OPEN with this path id has come before. */
  isCopy(pathId, nowMs) {
    for (const [path2, atMs] of this.#paths) {
      if (nowMs - atMs < openTimeoutMs && this.#paths.size < openCopiesMax) break;
      this.#paths.delete(path2);
    }
    const path = Buffer.from(pathId).toString("hex");
    if (this.#paths.has(path)) return true;
    this.#paths.set(path, nowMs);
    return false;
  }
  /** The stream of the first one is over. */
  forget(pathId) {
    this.#paths.delete(Buffer.from(pathId).toString("hex"));
  }
};

// packages/client/src/relay-hints.ts
function relaysOf(sessions) {
  return sessions.flatMap(({ relayId }) => relayId === void 0 ? [] : [identityId(relayId)]);
}
function hintsOf(relays) {
  const hints = relays.flatMap((id) => {
    try {
      return [parseIdentityId(id)];
    } catch {
      return [];
    }
  });
  return hints.length === 0 ? {} : { hints };
}

// packages/client/src/relay-status.ts
function relayStatus(url, { present, sessions, state, lastErrors }) {
  const session = sessions.find((other) => other.url === url);
  const lastError = lastErrors.get(url.text);
  const unused = state === "dialling" ? "connecting" : "waiting";
  return {
    url: url.text,
    state: session === void 0 ? unused : session === present ? "connected" : "standby",
    ...session?.relayId === void 0 ? {} : { relayId: identityId(session.relayId) },
    ...session === void 0 ? {} : { transport: session.transport },
    ...session?.rttMs === void 0 ? {} : { rttMs: session.rttMs },
    ...lastError === void 0 ? {} : { lastError: lastError.text }
  };
}

// packages/client/src/first-message.ts
function readFirstMessage(stream, timeoutMs, handlers) {
  const frames = new FrameReader();
  let settled = false;
  const settle = () => {
    if (settled) return false;
    settled = true;
    clearTimeout(timer);
    return true;
  };
  const fail = (error, code) => {
    if (!settle()) return;
    stream.reset(codeNumber(code));
    handlers.onFailed(error);
  };
  const giveUp = (code, text3) => fail(new MeshError("open_failed", code, text3), code);
  const timer = setTimeout(() => giveUp("timeout", `no answer within ${timeoutMs} ms`), timeoutMs);
  stream.start({
    onData: (bytes) => {
      if (settled) return;
      frames.push(bytes);
      let message2;
      try {
        const frame = frames.next();
        if (frame === void 0) return;
        message2 = decodeMessage(frame);
        if (message2 === void 0)
          throw new WireError("unexpected_message", `unknown message type ${frame.type}`);
      } catch (thrown) {
        const error = thrown instanceof WireError ? thrown : new WireError("bad_body", String(thrown), { cause: thrown });
        fail(error, error.closeCode);
        return;
      }
      stream.pause();
      if (settle()) handlers.onMessage(message2, { stream, alreadyRead: frames.takeRest() });
    },
    onEnd: () => giveUp("relay_lost", "the stream ended before its first message"),
    onDrain: () => void 0,
    onClosed: (reason) => {
      const code = reason.kind === "reset" ? codeFromNumber(reason.code) : "relay_lost";
      fail(new MeshError("open_failed", code), code);
    }
  });
  return giveUp;
}

// packages/client/src/liveness.ts
var Liveness3 = class {
  #handlers;
  /** Unanswered PINGs and when they were sent, oldest first. */
  #pings = /* @__PURE__ */ new Map();
  #number = 0;
  #sentAtMs = 0;
  #isUsed = false;
  #isDoubted = false;
  #isStopped = false;
  #rttMs;
  #timer;
  #timerDueMs = 0;
  constructor(handlers) {
    this.#handlers = handlers;
  }
  /** Last measured round trip in milliseconds. */
  get rttMs() {
    return this.#rttMs;
  }
  get isDoubted() {
    return this.#isDoubted;
  }
  /** Begins, with a PING. */
  start() {
    this.#ping(performance.now());
    this.#arm();
  }
  stop() {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#pings.clear();
  }
  /** Asks now whether the other end answers: `onAnswer`, or `onDoubt`. */
  ask() {
    if (this.#timer === void 0 || this.#isStopped) return;
    this.#ping(performance.now());
    this.#arm();
  }
  /** Something was sent that should get through. */
  noteUse() {
    if (this.#isUsed) return;
    this.#isUsed = true;
    if (this.#timer !== void 0 && this.#pings.size === 0) this.#arm();
  }
  handlePong(number) {
    const sentAtMs = this.#pings.get(number);
    if (sentAtMs === void 0) return;
    this.#rttMs = performance.now() - sentAtMs;
    for (const earlier of this.#pings.keys()) if (earlier <= number) this.#pings.delete(earlier);
    this.#arm();
    const wasDoubted = this.#isDoubted;
    this.#isDoubted = false;
    this.#handlers.onAnswer?.();
    if (wasDoubted) this.#handlers.onTrust();
  }
  #handleTimer() {
    const nowMs = performance.now();
    const [oldestMs] = this.#pings.values();
    if (oldestMs !== void 0 && nowMs - this.#timerDueMs > lateTimerMs) {
      this.#setTimer(nowMs + lateTimerGraceMs);
      return;
    }
    if (oldestMs !== void 0 && nowMs - oldestMs >= pingTimeoutMs) {
      this.stop();
      this.#handlers.onLost();
      return;
    }
    const isOverdue = oldestMs !== void 0 && nowMs >= this.#doubtDueMs(oldestMs);
    if (oldestMs === void 0 || nowMs - this.#sentAtMs >= pingAnswerMs) this.#ping(nowMs);
    this.#arm();
    if (!isOverdue || this.#isDoubted) return;
    this.#isDoubted = true;
    this.#handlers.onDoubt();
  }
  #ping(nowMs) {
    this.#number += 1;
    this.#pings.set(this.#number, nowMs);
    this.#sentAtMs = nowMs;
    this.#isUsed = false;
    this.#handlers.onPing(this.#number);
  }
  #arm() {
    const [oldestMs] = this.#pings.values();
    if (oldestMs === void 0) {
      this.#setTimer(this.#sentAtMs + (this.#isUsed ? pingUsedIntervalMs : pingIntervalMs));
      return;
    }
    const againMs = this.#sentAtMs + pingAnswerMs;
    this.#setTimer(this.#isDoubted ? againMs : Math.min(againMs, this.#doubtDueMs(oldestMs)));
  }
  #setTimer(dueMs) {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    const nowMs = performance.now();
    this.#timerDueMs = Math.max(dueMs, nowMs);
    this.#timer = setTimeout(() => this.#handleTimer(), Math.ceil(this.#timerDueMs - nowMs));
  }
  #doubtDueMs(oldestMs) {
    return oldestMs + Math.min(doubtMsMax, Math.max(pingAnswerMs, doubtAfterRtts * (this.#rttMs ?? 0)));
  }
};

// packages/client/src/open-pause.ts
var OpenPause = class {
  #untilMs = 0;
  #why;
  /** An OPEN has failed. */
  note(error, nowMs) {
    if (error instanceof WireError) return;
    if (error.wireCode !== "open_rate" && error.wireCode !== "stream_limit") return;
    this.#untilMs = nowMs + openPauseMs;
    this.#why = error;
  }
  /** Why an OPEN can't be sent now, in the words of the relay; undefined: it can. */
  refusal(nowMs) {
    if (this.#why === void 0 || nowMs >= this.#untilMs) return void 0;
    return new MeshError(this.#why.code, this.#why.wireCode, this.#why.message);
  }
};

// packages/client/src/session.ts
var Session2 = class {
  url;
  welcomed;
  #relayId;
  #options;
  #connection;
  #control;
  #frames = new FrameReader();
  #dialer;
  #liveness;
  #openPause = new OpenPause();
  #request = 0;
  /** What the relay was told last, and how often. */
  #claimedNames;
  #claimSeq = 0;
  #nameChanges = /* @__PURE__ */ new Map();
  #accepting = 0;
  #isDraining = false;
  #isStandby;
  #sessionSeq;
  #state = "greeting";
  #settleWelcome;
  constructor(options) {
    this.#options = options;
    this.url = options.url;
    this.#claimedNames = options.hello.names;
    this.#isStandby = options.hello.standby === true;
    this.#sessionSeq = options.hello.sessionSeq;
    this.#connection = options.connection;
    this.#dialer = new HelloDialer({
      ...options.hello,
      certificateSha256: options.connection.certificateSha256,
      identityPin: options.url.identityPin
    });
    this.#liveness = new Liveness3({
      onPing: (number) => this.#send({ kind: "ping", number }),
      onDoubt: () => options.onDoubt(),
      onTrust: () => options.onTrust(),
      onAnswer: () => options.onAnswer(),
      onLost: () => this.#handleSilence()
    });
    this.welcomed = new Promise((resolve2, reject) => {
      this.#settleWelcome = { resolve: resolve2, reject };
    });
    this.welcomed.catch(() => void 0);
    this.#connection.start({
      onStream: (stream) => this.#handleStream(stream),
      onClosed: (info) => this.#end(closedError(info))
    });
    this.#control = this.#connection.openStream({ priority: "control" });
    this.#control.start({
      onData: (bytes) => this.#handleControlBytes(bytes),
      onEnd: () => this.#end(new MeshError("relay_lost", "relay_lost", "the relay ended the control stream")),
      onDrain: () => void 0,
      onClosed: (reason) => this.#end(streamError(reason))
    });
    this.#send(this.#dialer.hello);
  }
  /** The relay's Ed25519 key, once proven. */
  get relayId() {
    return this.#relayId;
  }
  /** Advertised with HELLO. */
  get helloNames() {
    return this.#options.hello.names;
  }
  /** Last measured round trip in milliseconds. */
  get rttMs() {
    return this.#liveness.rttMs;
  }
  /** A PING is overdue. */
  get isDoubted() {
    return this.#liveness.isDoubted;
  }
  /** The relay has announced its end. */
  get isDraining() {
    return this.#isDraining;
  }
  /** It stands by for another one of this process. */
  get isStandby() {
    return this.#isStandby;
  }
  /** Asks the relay whether it lives: `onAnswer`, or `onDoubt` soon. */
  ask() {
    this.#liveness.ask();
  }
  get transport() {
    return this.#connection.transport;
  }
  /**
   * Advertises and withdraws names; resolves with those that are taken when the relay has done it, with undefined when the session
   * ends before. Taken names are reported by `onNamesTaken` as well.
   */
  changeNames(change) {
    return this.#sendNames(change, {});
  }
  /** Makes a session that stood by the primary one of its process, with this number, and advertises these names beside those it has. */
  promote(sessionSeq, names) {
    this.#isStandby = false;
    this.#sessionSeq = sessionSeq;
    void this.#sendNames({ add: names, remove: [] }, { sessionSeq });
  }
  /**
   * Opens a path; returns how to give up. Exactly one of the handlers is called, once; the stream must be taken over
   * within `onAnswer`.
   */
  open(open3, handlers) {
    if (this.#state !== "up") {
      queueMicrotask(() => handlers.onFailed(new MeshError("relay_lost", "relay_lost")));
      return () => void 0;
    }
    const refusal = this.#openPause.refusal(performance.now());
    if (refusal !== void 0) {
      queueMicrotask(() => handlers.onFailed(refusal));
      return () => void 0;
    }
    const failed = (error, via) => {
      this.#openPause.note(error, performance.now());
      handlers.onFailed(error, via);
    };
    let stream;
    try {
      stream = this.#connection.openStream();
    } catch (thrown) {
      const text3 = describeFailure(thrown).text;
      queueMicrotask(() => failed(new MeshError("relay_lost", "relay_lost", text3, { cause: thrown })));
      return () => void 0;
    }
    const giveUp = readFirstMessage(stream, openTimeoutMs, {
      onMessage: (message2, handover) => {
        if (message2.kind === "open_ok")
          return handlers.onAnswer(message2.answer, this.#watched(handover), message2.via);
        stream.start(ignoreEverything);
        stream.reset(codeNumber("ok"));
        failed(
          message2.kind === "open_failed" ? new MeshError("open_failed", message2.code, message2.text || void 0) : new WireError("unexpected_message", `${message2.kind} instead of OPEN_OK`),
          message2.kind === "open_failed" ? message2.via : void 0
        );
      },
      onFailed: (error) => failed(error)
    });
    stream.write(encodeMessage(open3));
    this.#liveness.noteUse();
    return giveUp;
  }
  /** Tells the relay that no older session of this process is left there. */
  tellFormerGone() {
    if (this.#state === "up") this.#send({ kind: "former_gone" });
  }
  /** Says why and closes. */
  close(code, text3) {
    if (this.#state === "ended") return;
    this.#send({ kind: "goodbye", code, text: text3 });
    this.#connection.close(codeNumber(code), text3);
    this.#end(new MeshError("closed", code, text3));
  }
  #sendNames(change, more) {
    if (this.#state !== "up") return Promise.resolve(void 0);
    this.#request += 1;
    const request = this.#request;
    this.#send({ kind: "names", request, ...change, ...this.#claim(change), ...more });
    return new Promise((resolve2) => this.#nameChanges.set(request, resolve2));
  }
  #claim(change) {
    const { realm, identity, bootId } = this.#options.hello;
    const sessionSeq = this.#sessionSeq;
    this.#claimedNames = namesAfter(this.#claimedNames, change);
    this.#claimSeq += 1;
    const claimSeq = this.#claimSeq;
    const of = { realm, identity: identity.publicKey, bootId, sessionSeq, relay: this.#relayId };
    const standby = this.#isStandby ? { standby: true } : {};
    const claim = { ...of, ...standby, claimSeq, names: this.#claimedNames };
    return { claimSeq, claim: signNameClaim(identity, claim) };
  }
  #send(message2) {
    if (this.#state === "ended") return;
    this.#control.write(encodeMessage(message2));
    if (this.#control.bufferedBytes <= controlBufferBytesMax2) return;
    this.#connection.close(codeNumber("protocol_error"), "the control stream is not read");
    this.#end(new MeshError("relay_lost", "protocol_error", "the relay does not read its control stream"));
  }
  #handleControlBytes(bytes) {
    this.#frames.push(bytes);
    try {
      for (; ; ) {
        const frame = this.#state === "ended" ? void 0 : this.#frames.next();
        if (frame === void 0) return;
        const message2 = decodeMessage(frame);
        if (message2 !== void 0) this.#handleMessage(message2);
      }
    } catch (thrown) {
      const error = thrown instanceof WireError ? thrown : new WireError("bad_body", String(thrown), { cause: thrown });
      this.#fail(error);
    }
  }
  #handleMessage(message2) {
    switch (message2.kind) {
      case "challenge":
        if (this.#state !== "greeting" || this.#relayId !== void 0) break;
        this.#send(this.#dialer.handleChallenge(message2));
        this.#relayId = message2.identity;
        this.#options.onProof();
        return;
      case "welcome":
        if (this.#state !== "greeting" || this.#relayId === void 0) break;
        this.#state = "up";
        this.#liveness.start();
        this.#settleWelcome.resolve();
        return;
      case "names_done":
        this.#nameChanges.get(message2.request)?.(message2.taken);
        this.#nameChanges.delete(message2.request);
        if (message2.taken.length > 0) this.#options.onNamesTaken(message2.taken);
        return;
      case "ping":
        this.#send({ kind: "pong", number: message2.number });
        return;
      case "pong":
        this.#liveness.handlePong(message2.number);
        return;
      case "renew":
        if (this.#state !== "up") break;
        this.#options.onRenew();
        return;
      case "draining":
        if (this.#isDraining) return;
        this.#isDraining = true;
        this.#options.onDraining();
        return;
      case "goodbye":
        if (this.#state === "up" && this.#options.onGoodbye(message2.code))
          setTimeout(() => this.#handleGoodbye(message2.code, message2.text), goodbyeGraceMs).unref();
        else this.#handleGoodbye(message2.code, message2.text);
        return;
      default:
        break;
    }
    throw new WireError("unexpected_message", `${message2.kind} while ${this.#state}`);
  }
  #handleGoodbye(code, text3) {
    this.#connection.close(codeNumber("ok"), "goodbye");
    const kind = this.#state === "greeting" ? "refused" : "relay_lost";
    this.#end(new MeshError(kind, code, withRemedy(code, text3)));
  }
  #handleSilence() {
    this.#connection.close(codeNumber("timeout"), "no answer to PING");
    const text3 = `the relay has not answered a PING for ${pingTimeoutMs} ms`;
    this.#end(new MeshError("relay_lost", "relay_lost", text3));
  }
  /** The handover of a stream whose writes count as use of the session. */
  #watched(handover) {
    return { ...handover, noteUse: () => this.#liveness.noteUse() };
  }
  #handleStream(stream) {
    if (this.#state !== "up" || this.#accepting >= acceptingStreamsMax) {
      stream.start(ignoreEverything);
      stream.reset(codeNumber("busy"));
      return;
    }
    this.#accepting += 1;
    readFirstMessage(stream, acceptTimeoutMs, {
      onMessage: (message2, handover) => {
        this.#accepting -= 1;
        if (message2.kind === "open") return this.#options.onOpen(message2, this.#watched(handover));
        stream.start(ignoreEverything);
        stream.reset(codeNumber("protocol_error"));
      },
      // The stream alone is at fault; the session and its other streams go on.
      onFailed: () => {
        this.#accepting -= 1;
      }
    });
  }
  #fail(error) {
    this.#send({ kind: "goodbye", code: error.closeCode, text: error.message });
    this.#connection.close(codeNumber(error.closeCode), error.message);
    const text3 = withRemedy(error.closeCode, error.message);
    this.#end(
      new MeshError(this.#state === "greeting" ? "refused" : "relay_lost", error.closeCode, text3, {
        cause: error
      })
    );
  }
  #end(error) {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#liveness.stop();
    this.#settleWelcome.reject(error);
    for (const done of this.#nameChanges.values()) done(void 0);
    this.#connection.close(codeNumber("ok"), "");
    this.#options.onEnded(error);
  }
};
var ignoreEverything = {
  onData: () => void 0,
  onEnd: () => void 0,
  onDrain: () => void 0,
  onClosed: () => void 0
};
function closedError(info) {
  switch (info.kind) {
    case "lost":
      return new MeshError("relay_lost", "relay_lost", info.error.message, { cause: info.error });
    default: {
      const code = codeFromNumber(info.code);
      if (code === "ok") return new MeshError("relay_lost", "relay_lost", info.reason || void 0);
      return new MeshError("relay_lost", code, withRemedy(code, info.reason));
    }
  }
}
function streamError(reason) {
  if (reason.kind === "reset") return new MeshError("relay_lost", codeFromNumber(reason.code));
  const cause = reason.kind === "lost" ? reason.error : new TransportError("closed", "the control stream ended");
  return new MeshError("relay_lost", "relay_lost", cause.message, { cause });
}

// packages/client/src/session-leases.ts
var SessionLeases = class {
  #counts = /* @__PURE__ */ new Map();
  #onReleased;
  /** `onReleased`: nothing uses the session any more. */
  constructor(onReleased) {
    this.#onReleased = onReleased;
  }
  isInUse(session) {
    return this.#counts.has(session);
  }
  /** Opens a path over a session, which is in use until the path is over. */
  open(session, open3, handlers) {
    const release = this.#take(session);
    return session.open(open3, {
      onAnswer: (answer2, handover, via) => handlers.onAnswer(answer2, held(session, handover, release), via),
      onFailed: (error, via) => {
        release();
        handlers.onFailed(error, via, session.url.text);
      }
    });
  }
  /** A stream that came over a session, which is in use until the stream is over. */
  hold(session, handover) {
    return held(session, handover, this.#take(session));
  }
  #take(session) {
    this.#counts.set(session, (this.#counts.get(session) ?? 0) + 1);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      const left = this.#counts.get(session) - 1;
      if (left > 0) this.#counts.set(session, left);
      else {
        this.#counts.delete(session);
        this.#onReleased(session);
      }
    };
  }
};
function beginsAt({ url, transport }) {
  return { relay: url.text, transport };
}
function held(session, handover, onOver) {
  return { ...handover, beginsAt: beginsAt(session), onOver };
}

// packages/client/src/dial-any.ts
function dialAny(round) {
  const errors2 = /* @__PURE__ */ new Map();
  const candidates = /* @__PURE__ */ new Set();
  let winner;
  let cancelled = false;
  let started = 0;
  let staggerTimer;
  const over = () => cancelled || winner !== void 0;
  const startNext = () => {
    clearTimeout(staggerTimer);
    const url = round.relays[started];
    if (over() || url === void 0) return;
    started += 1;
    void attempt(url);
    staggerTimer = setTimeout(startNext, dialStaggerMs);
  };
  const failed = (url, error) => {
    if (over() || errors2.has(url)) return;
    errors2.set(url, error);
    round.onFailed(url, error);
    if (errors2.size === round.relays.length)
      round.onAllFailed(round.relays.map((relay) => errors2.get(relay)));
    else startNext();
  };
  const giveUpOthers = () => {
    clearTimeout(staggerTimer);
    for (const session of candidates) if (session !== winner) session.close("ok", "another relay was faster");
    candidates.clear();
  };
  const attempt = async (url) => {
    const deadline = performance.now() + dialTimeoutMs;
    try {
      const connection = await round.transport.dial({
        url,
        tlsVerify: round.tlsVerify,
        connectTimeoutMs: dialTimeoutMs,
        ...round.caPem === void 0 ? {} : { caPem: round.caPem }
      });
      if (over()) {
        connection.close(codeNumber("ok"), "not needed");
        return;
      }
      let ended;
      const session = round.makeSession(connection, url, (error) => {
        ended = error;
        if (session === winner) round.onLost(session, error);
        else failed(url, error);
      });
      candidates.add(session);
      const timer = setTimeout(() => {
        failed(url, new MeshError("relay_lost", "timeout", `no WELCOME within ${dialTimeoutMs} ms`));
        session.close("timeout", "no WELCOME");
      }, deadline - performance.now());
      await session.welcomed.finally(() => clearTimeout(timer));
      if (over() || ended !== void 0) return;
      winner = session;
      giveUpOthers();
      round.onWon(session);
    } catch (error) {
      failed(url, error);
    }
  };
  startNext();
  return () => {
    if (over()) return;
    cancelled = true;
    giveUpOthers();
  };
}

// packages/client/src/renewal-budget.ts
var RenewalBudget = class {
  #left = renewalsAtOnceMax;
  #sinceMs;
  /** Takes one; answers 0, or the milliseconds until there is one again. */
  take(nowMs) {
    const sinceMs = this.#sinceMs ?? nowMs;
    const earned = Math.floor((nowMs - sinceMs) / renewalEveryMs);
    this.#left = Math.min(renewalsAtOnceMax, this.#left + earned);
    this.#sinceMs = this.#left === renewalsAtOnceMax ? nowMs : sinceMs + earned * renewalEveryMs;
    if (this.#left === 0) return this.#sinceMs + renewalEveryMs - nowMs;
    this.#left -= 1;
    return 0;
  }
};

// packages/client/src/session-keeper.ts
var keepers = /* @__PURE__ */ new WeakMap();
function keeperOf(session, maker) {
  return keepers.get(session) ?? maker;
}
var SessionKeeper = class {
  #options;
  #waiters = /* @__PURE__ */ new Set();
  #former = /* @__PURE__ */ new Set();
  #budget = new RenewalBudget();
  #present;
  #state = "idle";
  #redialDelayMs = redialDelayMsMin;
  /** For the next dial, of either kind. */
  #dialTimer;
  /** A dial is under way. */
  #cancelDial;
  /** The present session is to be renewed even if it answers: its relay asked, or may have given our names away. */
  #mustRenew = false;
  /** It is, since our token is another one now. */
  #hasNewToken = false;
  /** Every relay refused for good in the last round, and none is connected. */
  #isRefused = false;
  /** Relays that a proof was sent to in this round: they may have given our names to a session of it. */
  #provenAt = [];
  #sessions = 0;
  #sessionUpAtMs = 0;
  /** Sessions lost in a row before they were stable. */
  #flaps = 0;
  /** The last present session, if it is lost and none has taken its place, and its names went to nobody else. */
  #lost;
  /** Whose session was the last of these: tried last. */
  #flapping;
  constructor(options) {
    this.#options = options;
  }
  /** Where new tunnels go. */
  get present() {
    return this.#present;
  }
  get state() {
    return this.#state;
  }
  /** Whose place others have taken, and that carry something. */
  get former() {
    return this.#former;
  }
  /** Every relay refused for good, and none is connected; it is tried on all the same. */
  get isRefused() {
    return this.#isRefused;
  }
  /** A newer session may have its names already, at whatever relay. */
  get isProving() {
    return this.#cancelDial !== void 0 && this.#provenAt.length > 0;
  }
  start() {
    if (this.#state === "idle") this.#dial();
  }
  /** The token is not the one of the present session; `isNews`: no relay has seen it, so no pause is in order. */
  handleToken(isNews) {
    if (this.#present !== void 0) {
      const isPending = this.#hasNewToken;
      this.#hasNewToken = true;
      this.#mustRenew = true;
      if (isNews || !isPending) this.#renew();
    } else if (isNews && this.#state === "dialling" && this.#cancelDial === void 0) {
      clearTimeout(this.#dialTimer);
      this.#dial();
    }
  }
  /** Stops dialling; the sessions stay until {@link closeSessions}. */
  stop() {
    this.#state = "closed";
    clearTimeout(this.#dialTimer);
    this.#cancelDial?.();
    this.#tellWaiters();
  }
  closeSessions(code) {
    for (const session of [...this.#former, ...this.#present === void 0 ? [] : [this.#present]])
      session.close(code, "");
    this.#former.clear();
    this.#present = void 0;
  }
  /** Calls back with the present session, with the next one when it comes soon, or with what there is then. */
  whenPresent(callback) {
    const mayWait = this.#present === void 0 || this.#present.isDoubted && this.#cancelDial !== void 0;
    const isPause = this.#isRefused && this.#cancelDial === void 0;
    if (!mayWait || isPause || this.#state === "closed" || this.#state === "idle") {
      callback(this.#present);
      return;
    }
    const waiter = (session) => {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
      callback(session);
    };
    const timer = setTimeout(() => waiter(this.#present), sessionWaitMs);
    this.#waiters.add(waiter);
  }
  /** Something that used the session has ended. */
  handleReleased(session) {
    if (!this.#former.has(session) || this.#options.isInUse(session)) return;
    setTimeout(() => {
      if (this.#options.isInUse(session) || !this.#former.delete(session)) return;
      session.close("ok", "another session has taken its place");
    }, formerLingerMs).unref();
  }
  /** Lets a session that stands by take the place of the present one, if that is lost, silent or its relay about to stop. */
  tryTakeOver() {
    if (this.#state === "closed") return false;
    const present = this.#present;
    if (present === void 0) return this.#lost !== void 0 && this.#takeOver(this.#lost, "lost");
    if (present.isDoubted) return this.#takeOver(present, "unanswered");
    return present.isDraining && this.#takeOver(present, "draining");
  }
  /** Gives its sessions away and goes on with none. */
  handOver() {
    const session = this.#present;
    if (session === void 0) return void 0;
    const former = [...this.#former];
    this.#former.clear();
    this.pause();
    this.#present = void 0;
    this.#state = "idle";
    return { session, former };
  }
  /** Takes sessions that carry something until they don't. */
  keepFormer(sessions) {
    for (const session of sessions) {
      this.#keepFormer(session);
      this.handleReleased(session);
    }
  }
  /** Dials no more until {@link resume}; a session that stands stays. */
  pause() {
    clearTimeout(this.#dialTimer);
    this.#cancelDial?.();
    this.#cancelDial = void 0;
    if (this.#state === "dialling") this.#state = "idle";
  }
  /** Dials after so many milliseconds, unless it does or has a session. */
  resume(delayMs) {
    if (this.#state === "closed" || this.#present !== void 0 || this.#cancelDial !== void 0) return;
    this.#redialDelayMs = redialDelayMsMin;
    this.#redialIn(delayMs);
  }
  #dial() {
    const { transport, relays, tlsVerify, caPem, makeSession } = this.#options;
    if (this.#present === void 0) this.#state = "dialling";
    const among = this.#inOrder(relays());
    if (among.length === 0) {
      this.#later(this.#pauseMsMax, () => this.#dial());
      return;
    }
    const sessionSeq = this.#options.nextSessionSeq();
    this.#provenAt = [];
    this.#cancelDial = dialAny({
      transport,
      relays: among,
      tlsVerify,
      ...caPem === void 0 ? {} : { caPem },
      makeSession: (connection, url, onEnded) => {
        const keeper = () => keeperOf(session, this);
        const session = makeSession(connection, url, sessionSeq, {
          onProof: () => {
            this.#provenAt.push(session.relayId);
            this.#mustRenew = this.#present !== void 0;
          },
          onRenew: () => keeper().#handleRenew(session),
          onDraining: () => keeper().#handleRenew(session),
          onDoubt: () => keeper().#handleDoubt(session),
          onTrust: () => keeper().#handleTrust(session),
          onAnswer: () => keeper().#options.onAnswer(session),
          onEnded
        });
        return session;
      },
      onFailed: (url, error) => this.#handleDialFailed(url, error),
      onWon: (session) => this.#handleSession(session),
      onAllFailed: (errors2) => this.#handleRoundFailed(errors2),
      onLost: (session, error) => keeperOf(session, this).#handleLost(session, error)
    });
  }
  /** A renewal keeps to its relay, unless that is about to stop. */
  #inOrder(relays) {
    const present = this.#present;
    if (present === void 0) return inOrder(relays, { first: void 0, last: this.#flapping });
    return inOrder(
      relays,
      present.isDraining ? { first: void 0, last: present.url } : { first: present.url, last: void 0 }
    );
  }
  #handleDialFailed(url, error) {
    const failure = describeFailure(error);
    if (url !== this.#present?.url) this.#options.lastErrors.set(url.text, failure);
    this.#options.onEvent({ kind: "dial_failed", relay: url.text, ...failure });
  }
  #handleRoundFailed(errors2) {
    this.#cancelDial = void 0;
    if (this.#state === "closed") return;
    const refusals = errors2.filter((error) => error instanceof MeshError).filter(({ code }) => code === "refused");
    const [first2] = refusals;
    const isForGood = refusals.length === errors2.length && refusals.every(({ wireCode }) => !isPassing(wireCode));
    const isPause = isForGood && !refusals.some(({ wireCode }) => wireCode === "replaced");
    const pauseMs = this.#options.isAwaited() ? Math.min(this.#redialDelayMs, awaitedRedialDelayMs) : this.#redialDelayMs;
    const delayMs = isPause ? refusedDelayMs : pauseMs;
    this.#redialDelayMs = Math.min(this.#redialDelayMs * 2, this.#pauseMsMax);
    if (this.#present !== void 0) {
      this.#tellWaiters();
      this.#later(delayMs, () => this.#renew());
      return;
    }
    if (this.tryTakeOver()) return;
    this.#isRefused = isForGood;
    if (first2 !== void 0 && isForGood) {
      this.#tellWaiters();
      this.#options.onRefused(first2);
    }
    const isConflict = refusals.some(({ wireCode }) => wireCode === "identity_conflict");
    this.#redialIn(isConflict ? conflictDelayMs : delayMs);
  }
  #redialIn(delayMs) {
    this.#state = "dialling";
    this.#later(delayMs, () => this.#dial());
  }
  #later(delayMs, run) {
    clearTimeout(this.#dialTimer);
    this.#dialTimer = setTimeout(run, delayMs * (0.8 + Math.random() * 0.4));
  }
  #handleSession(session) {
    const former = this.#present;
    const why = former === void 0 ? "asked" : this.#whyRenewed(former);
    clearTimeout(this.#dialTimer);
    this.#cancelDial = void 0;
    this.#mustRenew = false;
    this.#hasNewToken = false;
    this.#isRefused = false;
    this.#state = "connected";
    this.#present = session;
    this.#lost = void 0;
    keepers.set(session, this);
    this.#sessions += 1;
    this.#sessionUpAtMs = performance.now();
    this.#redialDelayMs = redialDelayMsMin;
    this.#options.lastErrors.delete(session.url.text);
    const relayId = session.relayId === void 0 ? "" : identityId(session.relayId);
    const facts = { relay: session.url.text, relayId, transport: session.transport };
    if (former === void 0) {
      this.#options.onEvent({ kind: "session_up", ...facts });
      if (this.#sessions > 1 && !this.#options.hasFormer(session)) session.tellFormerGone();
    } else {
      this.#former.add(former);
      this.#options.onEvent({ kind: "session_renewed", ...facts, former: former.url.text, why });
    }
    if (this.#provenAt.length > 1) void session.changeNames({ add: [], remove: [] });
    this.#options.onPresent(session, former);
    this.#tellWaiters();
    if (former !== void 0) this.handleReleased(former);
  }
  #whyRenewed({ isDoubted, isDraining }) {
    if (isDoubted) return "unanswered";
    if (isDraining) return "draining";
    return this.#hasNewToken ? "token" : "asked";
  }
  #handleLost(session, error) {
    if (this.#former.delete(session)) {
      if (this.#present && !this.#options.hasFormer(this.#present)) this.#present.tellFormerGone();
      return;
    }
    if (this.#present !== session) return;
    this.#present = void 0;
    this.#mustRenew = false;
    this.#hasNewToken = false;
    this.#options.lastErrors.set(session.url.text, describeFailure(error));
    this.#options.onEvent({
      kind: "session_down",
      relay: session.url.text,
      code: error.wireCode,
      text: error.message
    });
    if (this.#state === "closed") return;
    this.#lost = isOfOther(error.wireCode) ? void 0 : session;
    if (this.tryTakeOver()) return;
    this.#options.onAbsent(error.wireCode);
    const wasStable = performance.now() - this.#sessionUpAtMs >= sessionStableMs;
    this.#flaps = wasStable ? 0 : this.#flaps + 1;
    this.#flapping = wasStable ? void 0 : session.url;
    clearTimeout(this.#dialTimer);
    if (this.#cancelDial !== void 0) this.#state = "dialling";
    else if (error.wireCode === "replaced") this.#redialIn(replacedDelayMs);
    else if (error.wireCode === "identity_conflict") this.#redialIn(conflictDelayMs);
    else if (this.#flaps <= 1) this.#dial();
    else this.#redialIn(Math.min(redialDelayMsMin * 2 ** (this.#flaps - 2), this.#pauseMsMax));
  }
  get #pauseMsMax() {
    return this.#options.reconnectIntervalMs;
  }
  #handleRenew(session) {
    if (session !== this.#present) return;
    this.#mustRenew = true;
    this.#renew();
  }
  #handleDoubt(session) {
    if (session === this.#present) this.#renew();
  }
  #handleTrust(session) {
    if (session !== this.#present || this.#mustRenew) return;
    clearTimeout(this.#dialTimer);
    this.#cancelDial?.();
    this.#cancelDial = void 0;
    this.#tellWaiters();
  }
  /** Opens a connection beside the present one, if there is still reason to. */
  #renew() {
    if (this.#present === void 0 || this.#cancelDial !== void 0 || this.#state === "closed") return;
    if (!this.#mustRenew && !this.#present.isDoubted) return;
    if (this.tryTakeOver()) return;
    const waitMs = this.#budget.take(performance.now());
    if (waitMs === 0) this.#dial();
    else this.#later(waitMs, () => this.#renew());
  }
  #takeOver(former, why) {
    const isUnusable = ({ relayId }) => this.#cancelDial !== void 0 && this.#provenAt.some((id) => Buffer.from(id).equals(relayId));
    const handed = this.#options.takeStandby(former, why, isUnusable);
    if (handed === void 0) return false;
    this.#cancelDial?.();
    this.#provenAt = [];
    for (const session of handed.former) this.#keepFormer(session);
    this.#handleSession(handed.session);
    for (const session of handed.former) this.handleReleased(session);
    return true;
  }
  #keepFormer(session) {
    keepers.set(session, this);
    this.#former.add(session);
  }
  #tellWaiters() {
    for (const waiter of [...this.#waiters]) waiter(this.#present);
  }
};
function inOrder(relays, { first: first2, last }) {
  if (first2 !== void 0) return [first2, ...relays.filter((url) => url !== first2)];
  return last === void 0 ? relays : [...relays.filter((url) => url !== last), last];
}
function isOfOther(code) {
  return code === "replaced" || code === "identity_conflict" || code === "name_taken";
}
function isPassing(code) {
  return passing.has(code);
}
var passing = /* @__PURE__ */ new Set([
  "busy",
  "draining",
  "shutdown",
  "hello_timeout",
  "session_limit",
  "rate_limited"
]);

// packages/client/src/session-set.ts
var SessionSet = class {
  #options;
  #lastErrors = /* @__PURE__ */ new Map();
  #primary;
  #standbys;
  /** When each session that stands by was last answered. */
  #answeredMs = /* @__PURE__ */ new WeakMap();
  /** Relays whose failure was told: once, until one of them takes a session. */
  #toldFailures = /* @__PURE__ */ new Set();
  #sessionSeq = 0;
  constructor(options) {
    this.#options = options;
    const { reconnectIntervalMs, relays, standbySessions } = options;
    const common3 = {
      ...options,
      nextSessionSeq: () => this.#nextSessionSeq(),
      lastErrors: this.#lastErrors,
      hasFormer: (session) => this.#keepers.some(({ former }) => [...former].some((other) => isSameRelay(other, session)))
    };
    this.#primary = new SessionKeeper({
      ...common3,
      relays: () => relays,
      reconnectIntervalMs,
      makeSession: (connection, url, sessionSeq, handlers) => options.makeSession(connection, url, { sessionSeq, standby: false }, handlers),
      takeStandby: (...of) => this.#takeStandby(...of),
      onPresent: (session, former) => this.#handlePrimary(session, former),
      onAnswer: () => void 0,
      onAbsent: (code) => this.#handleAbsent(code)
    });
    const count = Math.min(standbySessions, relays.length - 1);
    this.#standbys = Array.from({ length: count }, (_, index) => {
      const keeper = new SessionKeeper({
        ...common3,
        relays: () => this.#relaysFor(keeper, index),
        reconnectIntervalMs: standbyRedialDelayMsMax,
        makeSession: (connection, url, sessionSeq, handlers) => options.makeSession(connection, url, { sessionSeq, standby: true }, handlers),
        onEvent: (event) => this.#tell(event),
        takeStandby: () => void 0,
        onPresent: (session, former) => this.#handleStandby(keeper, session, former),
        onRefused: () => void 0,
        isAwaited: () => false,
        onAnswer: (session) => this.#handleAnswer(session),
        onAbsent: () => options.onChanged()
      });
      return keeper;
    });
  }
  /** The primary session. */
  get present() {
    return this.#primary.present;
  }
  /** Those that stand, the primary one first. */
  get sessions() {
    return this.#keepers.map(({ present }) => present).filter((session) => session !== void 0);
  }
  get state() {
    return this.#primary.state;
  }
  /** Why each relay that isn't connected isn't, by URL. */
  get lastErrors() {
    return this.#lastErrors;
  }
  /** Every relay refused for good, and none is connected; it is tried on all the same. */
  get isRefused() {
    return this.#primary.isRefused;
  }
  start() {
    this.#primary.start();
  }
  /** The token is another one than that of a session; see `SessionKeeper.handleToken`. `isOld`: whether a session was made with another. */
  handleToken(isNews, isOld) {
    for (const keeper of this.#keepers)
      if (keeper.present === void 0 ? isNews : isOld(keeper.present)) keeper.handleToken(isNews);
  }
  /** Stops dialling; the sessions stay until {@link closeSessions}. */
  stop() {
    for (const keeper of this.#keepers) keeper.stop();
  }
  closeSessions(code) {
    for (const keeper of [...this.#standbys, this.#primary]) keeper.closeSessions(code);
  }
  /** Calls back with the primary session, with the next one when it comes soon, or with what there is then. */
  whenPresent(callback) {
    this.#primary.whenPresent(callback);
  }
  /** Something that used the session has ended. */
  handleReleased(session) {
    for (const keeper of this.#keepers) keeper.handleReleased(session);
  }
  get #keepers() {
    return [this.#primary, ...this.#standbys];
  }
  #nextSessionSeq() {
    this.#sessionSeq = Math.max(this.#sessionSeq + 1, Date.now());
    return this.#sessionSeq;
  }
  /** Without those of other sessions, each standby beginning with another one; none while there is no session to stand by for. */
  #relaysFor(keeper, index) {
    if (this.present === void 0) return [];
    const used = this.#keepers.filter((other) => other !== keeper).map(({ present }) => present?.url);
    const free = this.#options.relays.filter((url) => !used.includes(url));
    return [...free.slice(index), ...free.slice(0, index)];
  }
  #takeStandby(former, why, isUnusable) {
    for (const keeper of this.#standbys) {
      const session = keeper.present;
      if (session === void 0 || session.isDoubted || session.isDraining || isUnusable(session)) continue;
      if (isSameRelay(session, former) || keeper.isProving) continue;
      if (why === "unanswered" && !this.#isFresh(session)) {
        session.ask();
        continue;
      }
      const handed = keeper.handOver();
      session.promote(this.#nextSessionSeq(), this.#options.names());
      session.ask();
      return handed;
    }
    return void 0;
  }
  #isFresh(session) {
    return performance.now() - (this.#answeredMs.get(session) ?? Number.NEGATIVE_INFINITY) < standbyFreshMs;
  }
  #handleAnswer(session) {
    this.#answeredMs.set(session, performance.now());
    this.#primary.tryTakeOver();
  }
  #handlePrimary(session, former) {
    this.#toldFailures.delete(session.url.text);
    for (const keeper of this.#standbys) this.#leaveRelayTo(session, keeper);
    this.#options.onPresent(session, former);
    this.#options.onChanged();
  }
  #handleStandby(keeper, session, former) {
    this.#toldFailures.delete(session.url.text);
    const { present } = this;
    if (present !== void 0 && isSameRelay(present, session)) {
      this.#retire(keeper);
      keeper.resume(standbyRedialDelayMsMax);
    } else {
      for (const other of this.#standbys) if (other !== keeper) this.#leaveRelayTo(session, other);
      const { names } = this.#options;
      void session.changeNames(changeOf(session.helloNames, names()));
      if (former !== void 0 && !isSameRelay(former, session))
        void former.changeNames({ add: [], remove: names() });
    }
    this.#options.onChanged();
  }
  /** A relay has given the names to a newer session: one that stood by there does no more. */
  #leaveRelayTo(session, keeper) {
    if (keeper.present !== void 0 && isSameRelay(keeper.present, session)) this.#retire(keeper);
    keeper.resume(standbyDialDelayMs);
  }
  /** A session that can't stand by any more goes on for what it carries. */
  #retire(keeper) {
    const handed = keeper.handOver();
    if (handed !== void 0) this.#primary.keepFormer([handed.session, ...handed.former]);
  }
  #handleAbsent(code) {
    for (const keeper of this.#standbys) {
      keeper.pause();
      if (isOfOther(code)) keeper.closeSessions("ok");
    }
    this.#options.onChanged();
  }
  #tell(event) {
    switch (event.kind) {
      case "session_up":
      case "session_renewed": {
        const { relay, relayId, transport } = event;
        this.#options.onEvent({ kind: "standby_up", relay, relayId, transport });
        return;
      }
      case "session_down":
        this.#options.onEvent({ ...event, kind: "standby_down" });
        return;
      case "dial_failed":
        if (this.#toldFailures.has(event.relay)) return;
        this.#toldFailures.add(event.relay);
        this.#options.onEvent(event);
        return;
      default:
        this.#options.onEvent(event);
    }
  }
};
function changeOf(from, to) {
  return {
    add: to.filter((name) => !from.includes(name)),
    remove: from.filter((name) => !to.includes(name))
  };
}
function isSameRelay(one, other) {
  return identityText2(one) === identityText2(other);
}
function identityText2({ relayId }) {
  return relayId === void 0 ? "" : identityId(relayId);
}

// packages/client/src/session-tokens.ts
var SessionTokens = class {
  #read;
  #tokens = /* @__PURE__ */ new WeakMap();
  /** Shown to a relay last. */
  #last;
  /** `read` gives the present token; undefined: the realm needs none. */
  constructor(read2) {
    this.#read = read2;
  }
  get present() {
    return this.#read?.();
  }
  /** Whether no relay has seen the present token; undefined: there is none. */
  get isNews() {
    const token = this.present;
    return token === void 0 ? void 0 : token !== this.#last;
  }
  /** A session is made with this token. */
  note(session, token) {
    this.#last = token;
    if (token !== void 0) this.#tokens.set(session, token);
  }
  /** Whether a session was made with the present token. */
  isPresent(session) {
    return this.#tokens.get(session) === this.present;
  }
  /** What a session was made with; where there is none, what was shown last. */
  shownBy(session) {
    return (session === void 0 ? void 0 : this.#tokens.get(session)) ?? this.#last;
  }
};

// packages/client/src/taken-names.ts
var TakenNames = class {
  #ask;
  #names = /* @__PURE__ */ new Set();
  #tries = 0;
  #timer;
  /** `ask` asks the relay once more, and calls {@link remove} for what was given. */
  constructor(ask) {
    this.#ask = ask;
  }
  /** These are taken; answers those of them that are news. */
  add(names) {
    const news = names.filter((name) => !this.#names.has(name));
    if (news.length === 0) return news;
    for (const name of news) this.#names.add(name);
    this.#tries = 0;
    this.#arm();
    return news;
  }
  /** These were given, or aren't wanted any more; answers those of them that were taken. */
  remove(names) {
    const removed = names.filter((name) => this.#names.delete(name));
    if (this.#names.size === 0) clearTimeout(this.#timer);
    return removed;
  }
  /** Asks no more. */
  close() {
    this.#names.clear();
    clearTimeout(this.#timer);
  }
  #arm() {
    const delayMs = takenDelaysMs[Math.min(this.#tries, takenDelaysMs.length - 1)];
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#again(), delayMs * (0.9 + Math.random() * 0.2));
  }
  async #again() {
    this.#tries += 1;
    this.#arm();
    await this.#ask([...this.#names]);
  }
};

// packages/client/src/mesh.ts
var Mesh2 = class {
  #options;
  #names;
  #sessions;
  #tunnels = /* @__PURE__ */ new Map();
  #leases = new SessionLeases((session) => this.#sessions.handleReleased(session));
  #attaches = new AttachDesk(() => this.#tunnels.keys());
  #ringBudget = new RingBudget(ringBudgetBytes);
  #guesses = new GuessLimiter();
  #copies = new OpenCopies();
  #taken = new TakenNames((names) => this.#askAgain(names));
  #tokens;
  #joined;
  #settleJoined;
  constructor(options) {
    this.#options = options;
    this.#names = new Set(options.names);
    const { transport, relays, tlsVerify, caPem, onEvent, token } = options;
    const { reconnectIntervalMs = redialDelayMsMax, standbySessions = standbySessionsDefault } = options;
    this.#tokens = new SessionTokens(token);
    this.#sessions = new SessionSet({
      transport,
      relays,
      tlsVerify,
      ...caPem === void 0 ? {} : { caPem },
      ...{ reconnectIntervalMs, standbySessions },
      names: () => [...this.#names],
      makeSession: (...of) => this.#makeSession(...of),
      onEvent,
      onPresent: (session, former) => this.#handlePresent(session, former),
      onRefused: (error) => this.#settleJoined.reject(error),
      isInUse: (session) => this.#leases.isInUse(session),
      onChanged: () => this.#tellRelays(),
      isAwaited: () => [...this.#tunnels.keys()].some(({ isDetached }) => isDetached)
    });
    this.#joined = new Promise((resolve2, reject) => {
      this.#settleJoined = { resolve: resolve2, reject };
    });
    this.#joined.catch(() => void 0);
  }
  /** Begins to dial; reconnects until `close`. */
  start() {
    this.#sessions.start();
  }
  /** Resolves with the first session; rejects with MeshError `refused` when every relay refused for good, or `closed`. */
  joined() {
    return this.#joined;
  }
  /** Why each relay that isn't connected isn't, by URL. */
  lastErrors() {
    return this.#sessions.lastErrors;
  }
  /**
   * Looks at the token: if it is another one than that of the session, a session with it is made beside, and takes its place without
   * harm to the tunnels; if all relays have refused the one before, they are tried at once. To be called every few seconds.
   */
  checkToken() {
    const isNews = this.#tokens.isNews;
    if (isNews !== void 0)
      this.#sessions.handleToken(isNews, (session) => !this.#tokens.isPresent(session));
  }
  /** The token of the present session, or the one that was shown last; undefined: none. */
  get presentToken() {
    return this.#tokens.shownBy(this.#sessions.present);
  }
  /** Advertises exactly these names from now on, also after a reconnect; resolves when the present relay has done it. */
  async setNames(names) {
    const change = changeOf([...this.#names], names);
    this.#names.clear();
    for (const name of names) this.#names.add(name);
    this.#taken.remove(change.remove);
    const { present } = this.#sessions;
    if (change.add.length + change.remove.length === 0) return;
    for (const session of this.#sessions.sessions) if (session !== present) void session.changeNames(change);
    await present?.changeNames(change);
  }
  /**
   * A tunnel to `to`, as initiator. A session of that name that can't prove the key is passed over for another, at most three
   * times; then, or when there is no other, the first failure ends it. Never throws: a failure comes as `onEnded`.
   */
  connect(options) {
    const { from, to } = options;
    const tunnel = MeshTunnel.initiate({ ...options, ...this.#tunnelOptions(to) });
    this.#adopt(
      tunnel,
      { session: void 0, ends: { from, to }, routes: new AttachRoutes() },
      {
        onAttachWanted: (pathId) => this.#attachSoon(tunnel, pathId),
        onProven: () => this.#guesses.handleOutgoingUp(to),
        onRetry: () => this.#openPathSoon(tunnel)
      }
    );
    this.#openPathSoon(tunnel);
    return tunnel;
  }
  status() {
    return {
      realm: this.#options.realm,
      names: [...this.#names],
      relays: this.#options.relays.map((url) => relayStatus(url, this.#sessions)),
      tunnels: this.#tunnels.size,
      isRefused: this.#sessions.isRefused
    };
  }
  /** Ends every tunnel, waits at most {@link closeGraceMs} for that to leave, and closes the session. */
  async close(code) {
    if (this.#sessions.state === "closed") return;
    this.#sessions.stop();
    this.#taken.close();
    this.#settleJoined.reject(new MeshError("closed", code));
    for (const tunnel of this.#tunnels.keys()) tunnel.close(code === "shutdown" ? "agent_stopped" : code, "");
    const deadline = performance.now() + closeGraceMs;
    while (this.#tunnels.size > 0 && performance.now() < deadline) {
      await new Promise((resolve2) => setTimeout(resolve2, 10));
    }
    for (const tunnel of [...this.#tunnels.keys()]) tunnel.fail(code, "the mesh was closed");
    this.#attaches.close();
    this.#sessions.closeSessions(code);
  }
  #makeSession(connection, url, kind, handlers) {
    const { realm, identity, bootId, label: label2 } = this.#options;
    const token = this.#tokens.present;
    const session = new Session2({
      connection,
      url,
      hello: {
        role: "agent",
        realm,
        names: [...this.#names],
        identity,
        bootId,
        ...kind,
        nonce: randomBytes7(32),
        label: label2,
        token
      },
      onOpen: (open3, handover) => this.#handleOpen(open3, handover, session),
      onNamesTaken: (names) => session === this.#sessions.present && this.#handleTaken(names, url),
      onGoodbye: (code) => this.#handleGoodbye(code, session),
      ...handlers,
      onDraining: () => {
        const isPrimary = session === this.#sessions.present;
        handlers.onDraining();
        if (!isPrimary) this.#leaveBeside(session);
      }
    });
    this.#tokens.note(session, token);
    return session;
  }
  #handlePresent(session, former) {
    this.#settleJoined.resolve();
    this.#handleGiven(session.helloNames, session.url);
    this.#updateNames(session);
    for (const tunnel of this.#tunnels.keys()) tunnel.handleHint();
    if (former === void 0) return;
    if (!isSameRelay(former, session)) void former.changeNames({ add: [], remove: [...this.#names] });
    if (former.isDraining) leaveRelay(former.url, () => this.#tunnels.keys());
    if (!former.isDoubted) return;
    for (const [tunnel, place] of this.#tunnels) {
      if (place.session === former && tunnel.isOpening) this.#openPath(tunnel, session);
    }
  }
  /** Tunnels leave another session than the primary one where that goes on; from that one they go with its names. */
  #leaveBeside(session) {
    const { present } = this.#sessions;
    if (present === void 0 || present.isDraining || isSameRelay(present, session)) return;
    leaveRelay(session.url, () => this.#tunnels.keys());
  }
  /** Whoever has no right to be here any more, no other token and no other relay, doesn't look for another way. */
  #handleGoodbye(code, session) {
    const { sessions } = this.#sessions;
    if (sessions.length !== 1 || sessions[0] !== session) return false;
    if (!code.startsWith("token_") || !this.#tokens.isPresent(session)) return false;
    for (const tunnel of [...this.#tunnels.keys()])
      if (tunnel.isDetached || tunnel.path?.relay === session.url.text) tunnel.close(code, "");
    return true;
  }
  #openPathSoon(tunnel) {
    this.#sessions.whenPresent((session) => {
      if (session === void 0) tunnel.fail("relay_lost", this.#whyUnconnected());
      else this.#openPath(tunnel, session);
    });
  }
  #whyUnconnected() {
    const why = [...this.#sessions.lastErrors].map(([url, { text: text3 }]) => `${url}: ${text3}`);
    return ["no relay is connected at the moment", ...why].join("; ");
  }
  #openPath(tunnel, session) {
    const place = this.#tunnels.get(tunnel);
    if (place === void 0) return;
    const { ends } = place;
    place.session = session;
    const { excluded } = tunnel;
    tunnel.openPath(
      (offer, handlers) => this.#leases.open(session, this.#openMessage(ends, offer, excluded), handlers)
    );
  }
  #attachSoon(tunnel, pathId) {
    const place = this.#tunnels.get(tunnel);
    const soon = place?.routes.next(this.#sessions.sessions, tunnel);
    const attach = (session) => {
      const ends = this.#tunnels.get(tunnel)?.ends;
      tunnel.openAttach(pathId, (offer, handlers, relays) => {
        if (session !== void 0 && ends !== void 0) {
          const open3 = this.#openMessage(ends, offer, tunnel.excluded);
          return this.#leases.open(session, { ...open3, ...hintsOf(relays) }, handlers);
        }
        const error = new MeshError("relay_lost", "relay_lost", this.#whyUnconnected());
        queueMicrotask(() => handlers.onFailed(error, void 0, ""));
        return () => void 0;
      });
    };
    if (soon === void 0) this.#sessions.whenPresent(attach);
    else attach(soon);
  }
  /** Tells the initiator that its tunnel's other end waits for a path. */
  #sendHint(tunnel, offer) {
    const place = this.#tunnels.get(tunnel);
    const session = place?.routes.next(this.#sessions.sessions, tunnel) ?? this.#sessions.present;
    if (session === void 0 || place === void 0) return;
    this.#leases.open(session, this.#openMessage(place.ends, offer, tunnel.excluded), {
      onAnswer: (_answer, { stream, onOver }) => {
        onOver?.();
        stream.reset(codeNumber("protocol_error"));
      },
      onFailed: (error, via, relay) => tunnel.handleHintRefused(wireCodeOf(error), via, relay)
    });
  }
  #handleTaken(names, { text: relay }) {
    const news = this.#taken.add(names.filter((name) => this.#names.has(name)));
    if (news.length > 0) this.#options.onEvent({ kind: "names_taken", relay, names: news });
  }
  #handleGiven(names, { text: relay }) {
    const given = this.#taken.remove(names);
    if (given.length > 0) this.#options.onEvent({ kind: "names_given", relay, names: given });
  }
  async #askAgain(names) {
    const session = this.#sessions.present;
    const taken = await session?.changeNames({ add: names, remove: [] });
    if (session === void 0 || taken === void 0 || session !== this.#sessions.present) return;
    this.#handleGiven(
      names.filter((name) => !taken.includes(name)),
      session.url
    );
  }
  /** Names that changed while the session's HELLO was under way. */
  #updateNames(session) {
    const change = changeOf(session.helloNames, [...this.#names]);
    if (change.add.length + change.remove.length > 0) void session.changeNames(change);
  }
  #handleOpen(open3, handover, session) {
    const leased = this.#leases.hold(session, handover);
    let untested;
    const onSettled = () => {
      if (untested !== void 0) this.#guesses.handleReleased(untested);
      untested = void 0;
    };
    let isCopy = true;
    const onOver = () => {
      leased.onOver?.();
      if (!isCopy) this.#copies.forget(open3.pathId);
    };
    const incoming = new IncomingTunnel({ open: open3, handover: { ...leased, onOver }, onSettled }, (key) => {
      const tunnel = MeshTunnel.respond({ open: open3, key, ...this.#tunnelOptions(open3.from) });
      const tested = untested;
      untested = void 0;
      const place = { session, ends: { from: open3.to, to: open3.from }, routes: new AttachRoutes() };
      return this.#adopt(tunnel, place, {
        onProven: () => {
          if (tested !== void 0) this.#guesses.handleConfirmed(tested);
        },
        onHintWanted: (offer) => this.#sendHint(tunnel, offer)
      });
    });
    if (this.#sessions.state === "closed") {
      incoming.refuse("agent_stopped", "");
      return;
    }
    if (open3.realm === this.#options.realm && this.#attaches.answer(open3, leased)) return;
    if (open3.realm !== this.#options.realm || !this.#names.has(open3.to)) {
      incoming.refuse("not_here", "no node of that name here");
      return;
    }
    isCopy = this.#copies.isCopy(open3.pathId, performance.now());
    if (isCopy) {
      incoming.refuse("not_here", "");
      return;
    }
    if (this.#tunnels.size >= tunnelsMax) {
      incoming.refuse("busy", `this agent has ${tunnelsMax} tunnels`);
      return;
    }
    const attempt = this.#guesses.handleOpen({ source: open3.source, peer: open3.from }, performance.now());
    if (attempt.kind === "refused") {
      this.#refuse(incoming, attempt, open3.source);
      return;
    }
    untested = attempt;
    this.#options.onIncoming(incoming);
  }
  #refuse(incoming, { code, isNews }, source) {
    const isBusy = code === "busy";
    incoming.refuse(
      code,
      isBusy ? `the other node takes ${handshakesPerSecond} new connections a second` : ""
    );
    if (!isNews) return;
    const id = source === void 0 ? "" : identityId(source);
    this.#options.onEvent({ kind: "too_many_failures", peer: incoming.from, source: id });
  }
  #tunnelOptions(peer) {
    const { realm, bootId, netTicktime, tunnelProtocol, tunnelLimits: tunnelLimits2 = {} } = this.#options;
    return {
      ...{ realm, bootId, netTicktime, protocol: tunnelProtocol?.(peer) ?? 2, limits: tunnelLimits2 },
      ...{ ringBudget: this.#ringBudget, tombstones: this.#attaches.tombstones }
    };
  }
  #openMessage({ from, to }, offer, exclude) {
    return {
      kind: "open",
      pathId: randomBytes7(16),
      realm: this.#options.realm,
      from,
      to,
      visited: [],
      hopsLeft: hopLimitDefault,
      offer,
      exclude
    };
  }
  #adopt(tunnel, place, owner) {
    this.#tunnels.set(tunnel, place);
    tunnel.setRelays(relaysOf(this.#sessions.sessions));
    tunnel.owner = {
      ...owner,
      findPath: () => place.session && beginsAt(place.session),
      onGone: () => this.#tunnels.delete(tunnel)
    };
    return tunnel;
  }
  /** Tells the other nodes which relays this one is at. */
  #tellRelays() {
    const relays = relaysOf(this.#sessions.sessions);
    for (const tunnel of this.#tunnels.keys()) tunnel.setRelays(relays);
  }
};

// apps/relay/entry.mjs
if (process.argv[1] === fileURLToPath(import.meta.url)) await runRelay(JSON.parse(process.argv[2]));
async function runRelay(settings) {
  const relay = await startRelay(parseRelayConfig(settings), { transports: [createTlsTransport()] });
  process.once("SIGTERM", async () => {
    await relay.drain();
    process.exit(0);
  });
  const url = (scheme, { host, port }) => `${scheme}://${host}:${port}`;
  const line = { relay: relay.id, url: url("https", relay.listen[0]), admin: url("http", relay.admin) };
  process.stdout.write(`${JSON.stringify(line)}
`);
}
export {
  Mesh2 as Mesh,
  createTlsTransport,
  identityFromSeed,
  parseRelayUrl,
  wireMajor,
  wireMinor
};
/*! Bundled license information:

@noble/curves/utils.js:
@noble/curves/abstract/modular.js:
@noble/curves/abstract/curve.js:
@noble/curves/abstract/edwards.js:
@noble/curves/ed25519.js:
  (*! noble-curves - MIT License (c) 2022 Paul Miller (paulmillr.com) *)
*/
