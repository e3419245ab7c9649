import 'reflect-metadata';
import { type InjectionToken, inject, injectable } from 'tsyringe';
import type { Injectable } from '../contracts/plugin.js';

/** A class of plain JavaScript that names its constructor's tokens in order: `static inject = [ADAPTER, OPTIONS]`. */
interface StaticInject {
  readonly inject?: readonly InjectionToken[];
}

/** Does for a class with `static inject` what the decorators do for others; leaves those alone. */
export function applyStaticInject(provided: Injectable<unknown>): void {
  if (!Object.hasOwn(provided, 'inject')) return;
  const tokens = (provided as StaticInject).inject ?? [];
  for (const [index, token] of tokens.entries()) inject(token)(provided, undefined, index);
  injectable()(provided);
}
