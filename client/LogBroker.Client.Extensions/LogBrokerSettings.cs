using Microsoft.Extensions.Logging;

namespace LogBroker.Client.Extensions;

/// <summary>
/// How an application's client is made: the options of <see cref="LogBrokerClientOptions"/> that configuration can say, with the same
/// names, defaults and ranges. In configuration a time is <c>00:00:10</c>.
/// </summary>
public sealed class LogBrokerSettings
{
    private static readonly LogBrokerClientOptions Defaults = new();

    /// <summary>See <see cref="LogBrokerClientOptions.Servers"/>.</summary>
    public string Servers { get; set; } = Defaults.Servers;

    /// <summary>See <see cref="LogBrokerClientOptions.ClientId"/>.</summary>
    public string ClientId { get; set; } = Defaults.ClientId;

    /// <summary>See <see cref="LogBrokerClientOptions.Rack"/>.</summary>
    public string Rack { get; set; } = Defaults.Rack;

    /// <summary>See <see cref="LogBrokerClientOptions.ConnectTimeout"/>.</summary>
    public TimeSpan ConnectTimeout { get; set; } = Defaults.ConnectTimeout;

    /// <summary>See <see cref="LogBrokerClientOptions.NodeConnectTimeout"/>.</summary>
    public TimeSpan NodeConnectTimeout { get; set; } = Defaults.NodeConnectTimeout;

    /// <summary>See <see cref="LogBrokerClientOptions.RequestTimeout"/>.</summary>
    public TimeSpan RequestTimeout { get; set; } = Defaults.RequestTimeout;

    /// <summary>See <see cref="LogBrokerClientOptions.MetadataMaxAge"/>.</summary>
    public TimeSpan MetadataMaxAge { get; set; } = Defaults.MetadataMaxAge;

    /// <summary>See <see cref="LogBrokerClientOptions.RetryBackoff"/>.</summary>
    public TimeSpan RetryBackoff { get; set; } = Defaults.RetryBackoff;

    /// <summary>See <see cref="LogBrokerClientOptions.RetryBackoffMax"/>.</summary>
    public TimeSpan RetryBackoffMax { get; set; } = Defaults.RetryBackoffMax;

    internal LogBrokerClientOptions ToOptions(ILoggerFactory? logs, TimeProvider? time) => new()
    {
        Servers = Servers,
        ClientId = ClientId,
        Rack = Rack,
        ConnectTimeout = ConnectTimeout,
        NodeConnectTimeout = NodeConnectTimeout,
        RequestTimeout = RequestTimeout,
        MetadataMaxAge = MetadataMaxAge,
        RetryBackoff = RetryBackoff,
        RetryBackoffMax = RetryBackoffMax,
        LoggerFactory = logs ?? Defaults.LoggerFactory,
        TimeProvider = time ?? Defaults.TimeProvider,
    };
}
