/** One entry of a conda file's `dependencies`. */
export interface CondaPackage {
  /** As conda names it, in lower case. */
  name: string;
  /** The version part as it was written; empty when there is none. */
  versions: string;
  /** The same package in the words of pip. */
  requirement: string;
}

/** Reads `[channel::]name[versions][build]`; undefined when it is nothing of the kind or cannot be said to pip. */
export function requirementOf(entry: string): CondaPackage | undefined {
  const spec = entry.replace(/\s+#.*$/, '').trim();
  const match = /^(?:[^\s:]+::)?([A-Za-z0-9_][A-Za-z0-9_.-]*)\s*(.*)$/.exec(spec);
  const [, given, rest] = match ?? [];
  if (given === undefined || rest === undefined) return undefined;
  const versions = withoutBuild(rest);
  const specifier = specifierOf(versions);
  if (specifier === undefined) return undefined;
  const name = given.toLowerCase();
  return { name, versions, requirement: `${pypiNames.get(name) ?? given}${specifier}` };
}

/** False for compilers, runtimes and the like, which PyPI does not have. */
export function isPythonPackage(condaName: string): boolean {
  return !condaName.startsWith('_') && !systemPackages.test(condaName);
}

/** `=1.2=py311_0` and `1.2 py311_0` name a build of conda's own. */
function withoutBuild(rest: string): string {
  const tight = rest.trim().replace(/\s*(<=|>=|==|!=|~=|=|<|>|,)\s*/g, '$1');
  const withoutSecondWord = tight.split(/\s+/)[0] ?? '';
  return withoutSecondWord.replace(/^(=?=?[^=<>!~,]+)=[^=<>!~,]+$/, '$1');
}

function specifierOf(versions: string): string | undefined {
  if (versions === '' || versions === '*' || versions === '=*') return '';
  const clauses = versions.split(',').map(clauseOf);
  return clauses.includes(undefined) ? undefined : clauses.filter((clause) => clause !== '').join(',');
}

function clauseOf(clause: string): string | undefined {
  if (clause === '*') return '';
  const match = /^(<=|>=|==|!=|~=|=|<|>)?([0-9][A-Za-z0-9._+!-]*?)(\.?\*)?$/.exec(clause);
  const [, operator = '', version, star] = match ?? [];
  if (version === undefined) return undefined;
  const isFuzzy = operator === '=' || ((operator === '' || operator === '==') && star !== undefined);
  // Only a release can be the start of others: `2024a.*` means nothing to pip.
  if (isFuzzy) return /^[0-9.]+$/.test(version) ? `==${version}.*` : `==${version}`;
  if (operator === '') return `==${version}`;
  if (operator === '!=' && star !== undefined) return `!=${version}.*`;
  return `${operator}${version}`;
}

/** Where conda and PyPI use different names. */
const pypiNames: ReadonlyMap<string, string> = new Map([
  ['pytorch', 'torch'],
  ['pytorch-cpu', 'torch'],
  ['pytorch-gpu', 'torch'],
  ['tensorflow-gpu', 'tensorflow'],
  ['tensorflow-cpu', 'tensorflow'],
  ['py-xgboost', 'xgboost'],
  ['py-xgboost-cpu', 'xgboost'],
  ['opencv', 'opencv-python-headless'],
  ['py-opencv', 'opencv-python-headless'],
  ['matplotlib-base', 'matplotlib'],
  ['seaborn-base', 'seaborn'],
  ['dask-core', 'dask'],
  ['pytables', 'tables'],
  ['msgpack-python', 'msgpack'],
  ['python-graphviz', 'graphviz'],
  ['psycopg2', 'psycopg2-binary'],
  ['python-flatbuffers', 'flatbuffers'],
  ['spacy-model-en_core_web_sm', 'en-core-web-sm'],
  ['pyarrow-core', 'pyarrow'],
  ['brotli-python', 'brotli'],
]);

const systemPackages =
  /^(cudatoolkit|cuda-.*|cudnn|nccl|pytorch-cuda|cpuonly|nomkl|mkl|mkl-service|blas|openblas|libblas|liblapack|libgcc.*|libgomp|libstdcxx.*|gcc.*|gxx.*|gfortran.*|clang.*|compilers|cmake|make|ninja-base|openssl|ca-certificates|git|curl|libcurl|zlib|libffi|sqlite|readline|ncurses|xz|tk|bzip2|ld_impl.*|libpq|openjdk|nodejs|r-.*)$/;
