using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using LogBroker.Cluster;
using LogBroker.Rpc;
using LogBroker.Rpc.Server;

namespace LogBroker.Server;

/// <summary>
/// What the server counts and times, on the meter <see cref="MeterName"/>, under the names of the documentation. Labels are of low
/// cardinality: methods, codes, and topics that exist. Thread-safe, no allocation per call once a label was seen.
/// </summary>
internal sealed class ServerMetrics : IServerCallObserver, IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "LogBroker.Server";

    private static readonly ConcurrentDictionary<Method, string> Names = [];

    private readonly Meter _meter = new(MeterName, ServerVersion.Text);
    private readonly Histogram<double> _requestSeconds;
    private readonly UpDownCounter<long> _inFlight;
    private readonly long _startedAt;
    private readonly TimeProvider _time;

    /// <summary>Creates the instruments that need no broker.</summary>
    public ServerMetrics(TimeProvider time)
    {
        _time = time;
        _startedAt = time.GetTimestamp();
        _requestSeconds = _meter.CreateHistogram<double>(
            "logbroker_request_duration_seconds", "s", "Calls from arrival to status; streams count as one call.");
        _inFlight = _meter.CreateUpDownCounter<long>("logbroker_requests_in_flight", null, "Calls whose handlers run now.");
        _meter.CreateObservableGauge("logbroker_build_info", () => new Measurement<long>(1,
            new KeyValuePair<string, object?>("version", ServerVersion.Text),
            new KeyValuePair<string, object?>("commit", ServerVersion.Commit)), null, "The build; the value is always 1.");
        _meter.CreateObservableGauge("logbroker_uptime_seconds", () => Uptime.TotalSeconds, "s", "Since the process began.");
    }

    /// <summary>Since the process began.</summary>
    public TimeSpan Uptime => _time.GetElapsedTime(_startedAt);

    /// <summary>Adds the gauges that ask the broker.</summary>
    public void Observe(IBroker broker)
    {
        Gauge("logbroker_nodes", "Nodes by state.", () => 1, new KeyValuePair<string, object?>("state", "up"));
        Gauge("logbroker_topics", "Topics, internal ones not counted.", () => broker.Topics.Topics.Count(t => !t.IsInternal));
        Gauge("logbroker_partitions", "Partitions of this node.", () => broker.Status.Partitions);
        Gauge("logbroker_log_bytes", "Bytes of all logs.", () => broker.Status.LogBytes);
        Gauge("logbroker_disk_full", "1 while producers are refused for want of room.", () => broker.Status.DiskFull ? 1 : 0);
    }

    /// <summary>A handler begins.</summary>
    public void HandlerEntered(Method method) => _inFlight.Add(1, new KeyValuePair<string, object?>("method", NameOf(method)));

    /// <summary>A handler ended.</summary>
    public void HandlerLeft(Method method) => _inFlight.Add(-1, new KeyValuePair<string, object?>("method", NameOf(method)));

    /// <inheritdoc/>
    public void CallEnded(Method? method, StatusCode status, TimeSpan duration)
    {
        var tags = new TagList { { "method", NameOf(method) }, { "code", CodeNames.Of(status) } };
        _requestSeconds.Record(duration.TotalSeconds, tags);
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static string NameOf(Method? method) =>
        method is null ? "unknown" : Names.GetOrAdd(method, static m => m.FullName.TrimStart('/'));

    private void Gauge(string name, string description, Func<long> read, params KeyValuePair<string, object?>[] tags) =>
        _meter.CreateObservableGauge(name, () => new Measurement<long>(read(), tags), null, description);
}
