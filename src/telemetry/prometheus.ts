/** A runtime's metrics in a registry of prom-client, beside whatever else a service tells there. */
import { Gauge, Registry, type MetricType, type OpenMetricsContentType } from "prom-client";
import type { MetricFamily, MetricSample, Runtime } from "../index.js";

/** Where metrics come from: a runtime, or several. */
export type MetricSource = Pick<Runtime, "metrics">;

/** A registry of prom-client, in either of its formats. */
export type MetricsRegistry = Registry | Registry<OpenMetricsContentType>;

/** What `prometheus` may be given. */
export interface PrometheusOptions {
  /** Defaults to one of its own. Several runtimes may tell theirs in one, under different `labels`. */
  readonly registry?: MetricsRegistry;
  /** Stands before every name; defaults to nothing, since they begin with `tidemark_`. */
  readonly prefix?: string;
  /** Stand with every sample: which runtime it is, say. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What is answered to whoever collects metrics. */
export interface MetricsPage {
  readonly contentType: string;
  readonly body: string;
}

interface Labelled {
  readonly source: MetricSource;
  readonly labels: Readonly<Record<string, string>>;
}

type Families = ReadonlyMap<string, readonly MetricFamily[]>;
type Values = Awaited<ReturnType<Gauge["get"]>>;

/** All sources of one registry and prefix. */
class Collector {
  readonly #sources: Labelled[] = [];
  #collecting: Promise<Families> | undefined;

  add(source: Labelled): void {
    this.#sources.push(source);
  }

  /** Once for all metrics of a page: the registry asks each of them at the same moment. */
  collected(): Promise<Families> {
    this.#collecting ??= Promise.resolve().then(() => {
      this.#collecting = undefined;
      return this.#collect();
    });
    return this.#collecting;
  }

  #collect(): Families {
    const families = new Map<string, MetricFamily[]>();
    for (const { source, labels } of this.#sources)
      for (const family of source.metrics()) {
        const samples = family.samples.map((each) => ({
          ...each,
          labels: { ...labels, ...each.labels },
        }));
        const found = families.get(family.name);
        if (found === undefined) families.set(family.name, [{ ...family, samples }]);
        else found.push({ ...family, samples });
      }
    return families;
  }
}

/** A metric that isn't counted here: it says what the runtime has counted. */
class FamilyMetric extends Gauge {
  readonly #collector: Collector;
  readonly #family: string;
  /** As prom-client reads them: it may change the name, to that of another format. */
  declare readonly name: string;
  declare readonly help: string;
  type: string;

  constructor(family: MetricFamily, prefix: string, collector: Collector) {
    super({ name: prefix + family.name, help: family.help, registers: [] });
    this.#collector = collector;
    this.#family = family.name;
    this.type = family.type;
  }

  override async get(): Promise<Values> {
    const families = (await this.#collector.collected()).get(this.#family) ?? [];
    const values = families.flatMap(({ samples }) => samples.map((each) => this.#valueOf(each)));
    const { name, help } = this;
    // Its types say an enumeration; what it reads and writes is the word.
    const type = this.type as unknown as MetricType;
    return { name, help, type, aggregator: "sum", values, collect: () => undefined };
  }

  #valueOf({ suffix, labels, value }: MetricSample) {
    // Without one the registry names it, as its format wants it.
    return suffix === "" ? { labels, value } : { labels, value, metricName: this.name + suffix };
  }
}

const collectors = new WeakMap<MetricsRegistry, Map<string, Collector>>();

/**
 * Tells a runtime's metrics in a registry of prom-client.
 *
 * @returns What gives the whole page of the registry: for `GET /metrics` of a server.
 * @throws Error - The registry has metrics of these names that aren't a runtime's.
 */
export function prometheus(
  runtime: MetricSource,
  options: PrometheusOptions = {},
): () => Promise<MetricsPage> {
  const { registry = new Registry(), prefix = "", labels = {} } = options;
  collectorOf(registry, prefix, runtime).add({ source: runtime, labels });
  return async () => ({ contentType: registry.contentType, body: await registry.metrics() });
}

function collectorOf(registry: MetricsRegistry, prefix: string, runtime: MetricSource): Collector {
  const ofRegistry = collectors.get(registry) ?? new Map<string, Collector>();
  collectors.set(registry, ofRegistry);
  const known = ofRegistry.get(prefix);
  if (known !== undefined) return known;
  const collector = new Collector();
  for (const family of runtime.metrics())
    registry.registerMetric(new FamilyMetric(family, prefix, collector));
  ofRegistry.set(prefix, collector);
  return collector;
}
