// The only way in for data: what came over the wire is checked against its schema, and only then
// has a type.

import type { Result } from '../generated/result.ts';
import { Result as resultValidator } from '../generated/result_validators.js';

export interface SchemaError {
  instancePath: string;
  message?: string;
}

// What Ajv's generated functions are.
export interface Validator {
  (data: unknown): boolean;
  errors?: SchemaError[] | null;
}

export class InvalidData extends Error {
  override name = 'InvalidData';
}

function holds<T>(validator: Validator, data: unknown): data is T {
  return validator(data);
}

// `what` begins the message of the error.
export function checked<T>(validator: Validator, data: unknown, what: string): T {
  if (holds<T>(validator, data)) return data;
  const error = validator.errors?.[0];
  const where = error?.instancePath ? ` at ${error.instancePath}` : '';
  throw new InvalidData(
    `${what} is not as its schema says${where}: ${error?.message ?? 'unknown'}`,
  );
}

export function checkedResult(data: unknown, what: string): Result {
  return checked<Result>(resultValidator, data, what);
}
