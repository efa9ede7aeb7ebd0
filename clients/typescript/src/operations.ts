import type { paths } from './schema.js';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** The paths that have the method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, object> ? P : never;
}[keyof paths];

type Operation<M extends Method, P extends PathOf<M>> = paths[P] extends Record<M, infer Op> ? Op : never;

type PathPart<Op> = Op extends { parameters: { path: infer V } } ? { readonly path: V } : { readonly path?: undefined };

/** An undefined value is left out of the address. */
type Asked<Query> = { [Name in keyof Query]: Query[Name] | undefined };

type QueryPart<Op> = Op extends { parameters: { query: infer V } }
  ? { readonly query: V }
  : Op extends { parameters: { query?: infer V } }
    ? { readonly query?: Asked<V> | undefined }
    : unknown;

/** A body may leave out what may be null: the server takes a missing value as null. */
type Sent<Json> = Json extends readonly unknown[]
  ? Json
  : Json extends object
    ? { [Key in keyof Json as null extends Json[Key] ? never : Key]: Json[Key] } & {
        [Key in keyof Json as null extends Json[Key] ? Key : never]?: Json[Key] | undefined;
      }
    : Json;

type Body<Content> =
  | (Content extends { 'application/json': infer Json } ? Sent<Json> : never)
  | (Content extends { 'multipart/form-data': unknown } ? FormData : never)
  | (Content extends { 'application/x-www-form-urlencoded': unknown } ? FormData : never);

type BodyPart<Op> = Op extends { requestBody: { content: infer Content } }
  ? { readonly body: Body<Content> }
  : Op extends { requestBody?: { content: infer Content } }
    ? { readonly body?: Body<Content> | undefined }
    : { readonly body?: undefined };

type Json<Response> = Response extends { content: { 'application/json': infer Body } } ? Body : unknown;

type Success<Responses> =
  | (Responses extends { 200: infer Response } ? Json<Response> : never)
  | (Responses extends { 201: infer Response } ? Json<Response> : never)
  | (Responses extends { 202: unknown } | { 204: unknown } ? undefined : never);

/**
 * The parsed body of a success: undefined when there is none, and unknown where the document does not describe it (a
 * Blob when it is no JSON).
 */
export type Answer<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { responses: infer Responses } ? Success<Responses> : never;

/** What every request may say beside its parameters and its body. */
export interface Call {
  /** Writes: the key under which the request happens once. By default a new one for each call. */
  readonly idempotencyKey?: string | undefined;
  /** Reads: the position to wait for; by default that of this client's last write. 0 does not wait. */
  readonly after?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type Options<M extends Method, P extends PathOf<M>> = PathPart<Operation<M, P>> &
  QueryPart<Operation<M, P>> &
  BodyPart<Operation<M, P>> &
  Call;

/** The options may be left out when none of them is required. */
export type Arguments<M extends Method, P extends PathOf<M>> =
  Record<never, never> extends Options<M, P>
    ? [path: P, options?: Options<M, P>]
    : [path: P, options: Options<M, P>];
