using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LogBroker.Testing;

/// <summary>How a <see cref="LogBrokerTestServer"/> is made. Immutable.</summary>
public sealed record LogBrokerTestServerOptions
{
    /// <summary>Nodes: 1 or 3. Default 1.</summary>
    public int Nodes { get; init; } = 1;

    /// <summary>
    /// False for a temporary directory, which is removed at the end, with RocksDB for the small state, as in production. True, the default,
    /// for memory: quicker, and no RocksDB is needed.
    /// </summary>
    public bool InMemory { get; init; } = true;

    /// <summary>
    /// Tells the time of day: of records, retention, tombstones and the TTL of tables. Timeouts and waits go on by the running time of the
    /// machine, because sockets do. Default: the system's.
    /// </summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>
    /// Configuration by the names of docs/configuration.md, such as <c>TopicDefaults:Partitions</c>. Addresses, node ids and directories
    /// are the test server's own.
    /// </summary>
    public IReadOnlyDictionary<string, string> Configuration { get; init; } = new Dictionary<string, string>();

    /// <summary>Takes the log of the nodes. Default: nothing is logged.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>How long the start may take. Default 30 seconds.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
