using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace LogBroker.Server;

/// <summary>What Prometheus calls the type of a metric.</summary>
internal enum MetricType
{
    /// <summary>Only rises.</summary>
    Counter,

    /// <summary>Rises and falls.</summary>
    Gauge,

    /// <summary>Counts by size.</summary>
    Histogram,
}

/// <summary>
/// All series of one instrument. Recording is thread-safe and does not allocate once a combination of tag values was seen;
/// combinations beyond <see cref="SeriesMax"/> are counted together under the label <c>overflow="true"</c>.
/// </summary>
internal sealed class MetricFamily(Instrument instrument, MetricType type, bool isObservable)
{
    /// <summary>Combinations of tag values that one instrument may have.</summary>
    public const int SeriesMax = 50_000;

    private static readonly double[] SecondsBounds =
        [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly ConcurrentDictionary<TagValues, MetricSeries> _series = [];

    /// <summary>The name of the metric.</summary>
    public string Name { get; } = instrument.Name.Replace('.', '_');

    /// <summary>
    /// Makes the series without labels, at 0, so that the first event is a rise and not a new series. For instruments that are
    /// recorded without tags.
    /// </summary>
    public void StartAtZero() => Add(default, []);

    /// <summary>Takes one measurement.</summary>
    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var key = new TagValues(
            tags.Length > 0 ? tags[0].Value : null, tags.Length > 1 ? tags[1].Value : null, tags.Length > 2 ? tags[2].Value : null);
        if (!_series.TryGetValue(key, out var series))
            series = Add(key, tags);
        if (isObservable)
            series.Set(value);
        else if (type is MetricType.Histogram)
            series.Observe(value);
        else if (instrument is Gauge<long> or Gauge<double> or Gauge<int>)
            series.Set(value);
        else
            series.Add(value);
    }

    /// <summary>Forgets what observable instruments said last time: what is not said again is gone.</summary>
    public void BeginScrape()
    {
        if (isObservable)
            _series.Clear();
    }

    /// <summary>Writes HELP, TYPE and every series in the text format of Prometheus.</summary>
    public void WriteTo(StringBuilder text)
    {
        if (_series.IsEmpty)
            return;
        text.Append("# HELP ").Append(Name).Append(' ').Append(EscapeHelp(instrument.Description ?? "")).Append('\n')
            .Append("# TYPE ").Append(Name).Append(' ').Append(type.ToString().ToLowerInvariant()).Append('\n');
        foreach (var series in _series.Values.OrderBy(s => s.Labels, StringComparer.Ordinal))
        {
            if (type is MetricType.Histogram)
                series.WriteHistogram(text, Name);
            else
                PrometheusText.Line(text, Name, series.Labels, series.Value);
        }
    }

    private MetricSeries Add(TagValues key, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_series.Count >= SeriesMax)
            return _series.GetOrAdd(TagValues.Overflow, new MetricSeries("overflow=\"true\"", Bounds()));
        return _series.GetOrAdd(key, new MetricSeries(PrometheusText.Labels(tags), Bounds()));
    }

    private double[] Bounds() => type is not MetricType.Histogram ? []
        : instrument is Histogram<double> { Advice.HistogramBucketBoundaries: { } advised } ? [.. advised] : SecondsBounds;

    private static string EscapeHelp(string help) =>
        help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private readonly record struct TagValues(object? First, object? Second, object? Third)
    {
        public static TagValues Overflow { get; } = new(typeof(TagValues), null, null);
    }
}

/// <summary>One series: a number, or the buckets of a histogram. Thread-safe.</summary>
internal sealed class MetricSeries(string labels, double[] bounds)
{
    private readonly long[] _buckets = new long[bounds.Length + 1];
    private double _value;

    /// <summary>Rendered labels without braces, or "".</summary>
    public string Labels => labels;

    /// <summary>The number, or the sum of a histogram.</summary>
    public double Value => Volatile.Read(ref _value);

    /// <summary>Replaces the number.</summary>
    public void Set(double value) => Volatile.Write(ref _value, value);

    /// <summary>Adds to the number.</summary>
    public void Add(double value)
    {
        double seen = Volatile.Read(ref _value);
        while (true)
        {
            double before = Interlocked.CompareExchange(ref _value, seen + value, seen);
            if (before.Equals(seen))
                return;
            seen = before;
        }
    }

    /// <summary>Counts a measurement in its bucket.</summary>
    public void Observe(double value)
    {
        int bucket = 0;
        while (bucket < bounds.Length && value > bounds[bucket])
            bucket++;
        Interlocked.Increment(ref _buckets[bucket]);
        Add(value);
    }

    /// <summary>Writes cumulative buckets, sum and count.</summary>
    public void WriteHistogram(StringBuilder text, string name)
    {
        string prefix = labels.Length == 0 ? "" : labels + ",";
        long count = 0;
        for (int i = 0; i < _buckets.Length; i++)
        {
            count += Volatile.Read(ref _buckets[i]);
            string bound = i < bounds.Length ? bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
            PrometheusText.Line(text, name + "_bucket", $"{prefix}le=\"{bound}\"", count);
        }

        PrometheusText.Line(text, name + "_sum", labels, Value);
        PrometheusText.Line(text, name + "_count", labels, count);
    }
}
