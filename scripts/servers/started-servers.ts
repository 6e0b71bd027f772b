export interface ManagementAccess {
  url: string;
  userName: string;
  password: string;
}

/** A process that a later command may have to end. */
export interface StartedProcess {
  name: string;
  pid: number;
  stopSignal: NodeJS.Signals;
}

export interface StartedDatabase {
  /** Of a PostgreSQL role that may create roles and databases. */
  adminUrl: string;
  /** Where it comes from, for people. */
  origin: string;
  /** Null where it is not a process of ours: a container, or somebody else's server. */
  process: StartedProcess | null;
  /** The folder for which `stopCompose` ends its container; null where it is none. */
  composeFolder: string | null;
  /** Ends it if it was started here; the data stays. */
  stop(): Promise<void>;
}

export interface StartedBroker {
  amqpUrl: string;
  /** Null where the broker was named by AMQP_URL. */
  management: ManagementAccess | null;
  origin: string;
  process: StartedProcess | null;
  composeFolder: string | null;
  stop(): Promise<void>;
}

/** One way to come by servers. */
export interface ServerStarter {
  postgres(): Promise<StartedDatabase>;
  rabbitmq(): Promise<StartedBroker>;
}

export interface ResolveOptions {
  /** Data, logs and passwords of what is started here. */
  dataDir: string;
  /** False for servers that go on when this process ends. */
  endsWithStarter: boolean;
  report: (line: string) => void;
}
