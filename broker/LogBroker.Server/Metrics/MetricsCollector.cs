using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using LogBroker.Storage;

namespace LogBroker.Server;

/// <summary>
/// Adds up what the instruments of all meters named "LogBroker.…" and the runtime's own meter say, for the scrapes of Prometheus.
/// Instruments already carry their Prometheus names. A small writer of our own, because the exporters for .NET have no stable
/// release. Thread-safe.
/// </summary>
internal sealed class MetricsCollector : IDisposable
{
    private const string PartitionPrefix = "logbroker_topic_partition_";

    private static readonly HashSet<string> RuntimeInstruments =
    [
        "dotnet.gc.collections", "dotnet.gc.heap.total_allocated", "dotnet.gc.pause.time", "dotnet.process.memory.working_set",
        "dotnet.process.cpu.time", "dotnet.thread_pool.thread.count", "dotnet.thread_pool.queue.length",
    ];

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<MetricFamily, byte> _families = [];
    private readonly Lock _scraping = new();

    /// <summary>Begins to listen; instruments made earlier are included.</summary>
    public MetricsCollector()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            bool isOurs = instrument.Meter.Name.StartsWith("LogBroker.", StringComparison.Ordinal);
            if (!isOurs && !(instrument.Meter.Name == "System.Runtime" && RuntimeInstruments.Contains(instrument.Name)))
                return;
            var family = new MetricFamily(instrument, TypeOf(instrument), instrument.IsObservable);
            if (instrument.Meter.Name == StorageMetrics.MeterName)
                family.StartAtZero();
            _families[family] = 0;
            listener.EnableMeasurementEvents(instrument, family);
        };
        _listener.MeasurementsCompleted = (instrument, state) =>
        {
            if (state is MetricFamily family)
                _families.TryRemove(family, out _);
        };
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => ((MetricFamily)state!).Record(value, tags));
        _listener.Start();
    }

    /// <summary>Everything as text, families in order of name; those of single partitions only when asked for.</summary>
    public void WriteTo(StringBuilder text, bool withPartitions)
    {
        lock (_scraping)
        {
            foreach (var family in _families.Keys)
                family.BeginScrape();
            _listener.RecordObservableInstruments();
            foreach (var family in _families.Keys.OrderBy(f => f.Name, StringComparer.Ordinal))
            {
                if (withPartitions || !family.Name.StartsWith(PartitionPrefix, StringComparison.Ordinal))
                    family.WriteTo(text);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static MetricType TypeOf(Instrument instrument)
    {
        var kind = instrument.GetType().GetGenericTypeDefinition();
        return kind == typeof(Histogram<>) ? MetricType.Histogram
            : kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>) ? MetricType.Counter
            : MetricType.Gauge;
    }
}
