using System.Globalization;
using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Run;

/// <summary>The options of <c>run</c>; null where one is not given.</summary>
internal sealed record RunOptions
{
    public IReadOnlyList<string>? Workloads { get; init; }

    public IReadOnlyList<string>? Scenarios { get; init; }

    public IReadOnlyList<string>? Systems { get; init; }

    public IReadOnlyList<DurabilityClass>? Classes { get; init; }

    public int? Rounds { get; init; }

    /// <summary>Length of the measured part.</summary>
    public int? Seconds { get; init; }

    public int? WarmupSeconds { get; init; }

    public bool Quick { get; init; }

    public bool CountSyncs { get; init; }

    public bool KeepData { get; init; }

    public string? KafkaHome { get; init; }

    public string? KgoBench { get; init; }

    public string? NatsServer { get; init; }

    public string? Nats { get; init; }

    public string? LogBrokerServer { get; init; }

    public string? DataDirectory { get; init; }

    public string? Out { get; init; }

    public string? Resume { get; init; }

    /// <summary>What a resumed run takes from its file, unless it is given anew.</summary>
    public RunOptions Or(RunOptions earlier) => this with
    {
        Workloads = Workloads ?? (Scenarios is null ? earlier.Workloads : null),
        Scenarios = Scenarios ?? (Workloads is null ? earlier.Scenarios : null),
        Systems = Systems ?? earlier.Systems,
        Classes = Classes ?? earlier.Classes,
        Rounds = Rounds ?? earlier.Rounds,
        Seconds = Seconds ?? earlier.Seconds,
        WarmupSeconds = WarmupSeconds ?? earlier.WarmupSeconds,
        Quick = Quick || earlier.Quick,
        CountSyncs = CountSyncs || earlier.CountSyncs,
    };

    /// <summary>
    /// The options as they stand in a result file: what was measured verbatim, but no path, as files are published and moved.
    /// </summary>
    public string ToArguments()
    {
        var words = new List<string>();
        Add("--workloads", Join(Workloads));
        Add("--scenarios", Join(Scenarios));
        Add("--systems", Join(Systems));
        Add("--classes", Join(Classes));
        Add("--rounds", Number(Rounds));
        Add("--seconds", Number(Seconds));
        Add("--warmup-seconds", Number(WarmupSeconds));
        Add("--quick", Quick ? "" : null);
        Add("--count-syncs", CountSyncs ? "" : null);
        Add("--kafka-home", KafkaHome is null ? null : "DIR");
        Add("--kgo-bench", KgoBench is null ? null : "FILE");
        Add("--nats-server", NatsServer is null ? null : "FILE");
        Add("--nats", Nats is null ? null : "FILE");
        Add("--logbroker-server", LogBrokerServer is null ? null : "FILE");
        return string.Join(' ', words);

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                words.AddRange(value.Length == 0 ? [name] : [name, value]);
            }
        }
    }

    private static string? Join<T>(IReadOnlyList<T>? values) => values is null ? null : string.Join(',', values);

    private static string? Number(int? value) => value?.ToString(CultureInfo.InvariantCulture);
}
