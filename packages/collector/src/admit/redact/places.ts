/** Where a body has got to, as far as rules for whole values care: which rule is the value's that comes next? */
import { columnsName, dataName, nameName } from './name-table.ts';
import { firstRule } from './rules.ts';
import type { PlaceRules } from './rules.ts';

/** What the elements of an array are, where columns have to be found by them. */
type Role = 'plain' | 'column names' | 'rows' | 'row';

interface Container {
  role: Role;
  /** Steps of paths that a child may take. */
  active: readonly number[];
  /** Of the element of an array that comes next. */
  index: number;
  /** Of a table in split form: rules by column, once its `columns` were read. */
  split: Map<number, number> | undefined;
  /** Of a tensor: the rule of the column that its `name` is. */
  tensor: number;
  /** There was a member `data` already. */
  hasData: boolean;
  /** Its `columns` are redacted themselves: nobody knows what its `data` are. */
  isOpaque: boolean;
}

const noSteps: readonly number[] = [];

/** Follows what stands in the body but for what is redacted as a whole. A refusal (`false`) means: leave the body out. */
export class Places {
  readonly #rules: PlaceRules;
  readonly #containers: Container[] = [];
  #depth = 0;
  // Of the value that comes next.
  #rule = -1;
  #active: readonly number[];
  #role: Role = 'plain';
  #isTensorName = false;

  constructor(rules: PlaceRules) {
    this.#rules = rules;
    this.#rule = rules.root;
    this.#active = rules.firstSteps;
  }

  /** The rule of the value that comes next, or -1. */
  get rule(): number {
    return this.#rule;
  }

  /** The value that comes next, if it is a text, is the name of a column: {@link columnName} wants it. */
  get isColumnName(): boolean {
    return this.#isTensorName || this.#top()?.role === 'column names';
  }

  open(kind: 'object' | 'array'): void {
    this.#containers[this.#depth++] = {
      role: kind === 'array' ? this.#role : 'plain',
      active: this.#active,
      index: 0,
      split: undefined,
      tensor: -1,
      hasData: false,
      isOpaque: false,
    };
    if (kind === 'array') this.#element();
  }

  close(): void {
    this.#depth--;
  }

  /** An element has ended, and another follows. */
  nextElement(): void {
    const array = this.#top();
    if (array === undefined) return;
    array.index++;
    this.#element();
  }

  /** A member of this name (by its id, or -1) follows. */
  member(name: number): boolean {
    const object = this.#top();
    if (object === undefined) return false;
    this.#follow(object.active, { name, index: -1 });
    this.#role = 'plain';
    this.#isTensorName = false;
    if (name < 0) return true;
    this.#rule = firstRule(this.#rule, this.#rules.columns[name] ?? -1);
    if (!this.#rules.hasColumns) return true;
    this.#isTensorName = name === nameName;
    if (name === dataName) return this.#data(object);
    if (name !== columnsName) return true;
    if (this.#rule < 0) this.#role = 'column names';
    else object.isOpaque = true;
    return !(object.isOpaque && object.hasData);
  }

  /** The text, by its id or -1, at a place where {@link isColumnName} is true. */
  columnName(name: number): boolean {
    const rule = this.#rules.columns[name] ?? -1;
    const top = this.#top();
    if (rule < 0 || top === undefined) return true;
    if (this.#isTensorName) {
      // Data that have passed by already cannot be taken back.
      if (top.hasData && top.tensor < 0) return false;
      top.tensor = firstRule(top.tensor, rule);
      return true;
    }
    const table = this.#containers[this.#depth - 2];
    if (table === undefined) return true;
    table.split ??= new Map();
    const known = table.split.get(top.index);
    if (table.hasData && known === undefined) return false;
    table.split.set(top.index, firstRule(rule, known ?? -1));
    return true;
  }

  #data(object: Container): boolean {
    object.hasData = true;
    this.#rule = firstRule(this.#rule, object.tensor);
    if (object.split !== undefined) this.#role = 'rows';
    return !object.isOpaque;
  }

  #element(): void {
    const array = this.#top();
    if (array === undefined) return;
    this.#follow(array.active, { name: -1, index: array.index });
    this.#isTensorName = false;
    this.#role = array.role === 'rows' ? 'row' : 'plain';
    if (array.role === 'row') {
      const split = this.#containers[this.#depth - 3]?.split;
      this.#rule = firstRule(this.#rule, split?.get(array.index) ?? -1);
    }
  }

  #top(): Container | undefined {
    return this.#containers[this.#depth - 1];
  }

  /** Where the paths are that `active` leads to, at a member or element. */
  #follow(active: readonly number[], { name, index }: { name: number; index: number }): void {
    this.#rule = -1;
    this.#active = noSteps;
    if (active.length === 0) return;
    const next: number[] = [];
    const add = (id: number) => next.includes(id) || next.push(id);
    for (const id of active) {
      const step = this.#rules.steps[id];
      if (step === undefined) continue;
      if (step.kind === 'descendant') add(id);
      const isHit =
        step.kind === 'any' ||
        (step.kind === 'element' ? step.key === index : name >= 0 && step.key === name);
      if (!isHit) continue;
      if (step.rule >= 0) this.#rule = firstRule(this.#rule, step.rule);
      else add(id + 1);
    }
    if (next.length > 0) this.#active = next;
  }
}
