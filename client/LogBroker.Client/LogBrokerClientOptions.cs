using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LogBroker.Client;

/// <summary>
/// How a <see cref="LogBrokerClient"/> finds and talks to brokers. Copied when the client is made; changes after that have no effect.
/// </summary>
public sealed record LogBrokerClientOptions
{
    /// <summary>The port that is meant where a server is named without one.</summary>
    public const int PortDefault = 7070;

    /// <summary>
    /// Brokers to ask first, as <c>host:port</c> separated by commas; the port defaults to <see cref="PortDefault"/>. One that
    /// answers is enough: it names the others, which are then asked as well. They are tried in turn; a client that can reach none of
    /// the nodes that it knows comes back to this list. A prefix <c>http://</c> is allowed. Default <c>localhost:7070</c>.
    /// </summary>
    public string Servers { get; init; } = "localhost:7070";

    /// <summary>Names this program in the broker's logs; at most 255 bytes of UTF-8. Default: the name of the process.</summary>
    public string ClientId { get; init; } = AppDomain.CurrentDomain.FriendlyName;

    /// <summary>
    /// How long a call goes on looking for a server that can be reached, all of them tried again and again, before it fails with
    /// <see cref="ServerUnreachableException"/>; each is tried at least once. Producers and readers that have once been connected
    /// wait longer: see <see cref="ProducerOptions.DeliveryTimeout"/> and <see cref="ReadOptions.UnreachableTimeout"/>.
    /// Default 10 seconds, at most 1 hour.
    /// </summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long one server may take to accept a connection before the next one is tried; it is then left alone for a while, up to
    /// 10 seconds. Default 2 seconds; 10 ms to 1 minute.
    /// </summary>
    public TimeSpan NodeConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The rack that this program runs in, as brokers name theirs: readers that may read from followers prefer those of their rack.
    /// Default empty: no preference. At most 255 bytes of UTF-8.
    /// </summary>
    public string Rack { get; init; } = string.Empty;

    /// <summary>How long one call may take in all, retries included. Default 30 seconds, at most 1 hour.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an answer about topics and leaders is used before it is asked for again. Default 5 minutes.</summary>
    public TimeSpan MetadataMaxAge { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The wait before the first retry; it doubles with each further one, with jitter. Default 20 ms.</summary>
    public TimeSpan RetryBackoff { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>The longest wait between two retries, unless the broker asks for a longer one. Default 250 ms.</summary>
    public TimeSpan RetryBackoffMax { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Takes the log. Event ids are stable: see <c>LogEvents</c>. Default: nothing is logged.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Where time comes from. Default: the system clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Throws <see cref="ArgumentException"/> for the first option that is out of its range.</summary>
    /// <exception cref="ArgumentException">It names the option, the value and the range.</exception>
    /// <exception cref="FormatException">The list of servers is empty or an entry is no <c>host:port</c>.</exception>
    public void Validate()
    {
        ServerList.Parse(Servers);
        Check.Text(ClientId, 1, 255, nameof(ClientId));
        Check.Range(ConnectTimeout, TimeSpan.Zero, TimeSpan.FromHours(1), nameof(ConnectTimeout));
        Check.Range(NodeConnectTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1), nameof(NodeConnectTimeout));
        Check.Text(Rack, 0, 255, nameof(Rack));
        Check.Range(RequestTimeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1), nameof(RequestTimeout));
        Check.Range(MetadataMaxAge, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(1), nameof(MetadataMaxAge));
        Check.Range(RetryBackoff, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1), nameof(RetryBackoff));
        Check.Range(RetryBackoffMax, RetryBackoff, TimeSpan.FromHours(1), nameof(RetryBackoffMax));
        ArgumentNullException.ThrowIfNull(LoggerFactory);
        ArgumentNullException.ThrowIfNull(TimeProvider);
    }
}
