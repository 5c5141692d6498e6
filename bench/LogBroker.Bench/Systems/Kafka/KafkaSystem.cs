using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>
/// Apache Kafka, one node or several, with two load programs: <c>java</c>, its own tools, and <c>franz-go</c>, where kgo-bench is given.
/// </summary>
/// <param name="kafkaHome">An unpacked distribution of 4.2 or later (<c>--kafka-home</c>); null when none was given.</param>
/// <param name="kgoBenchFile">The kgo-bench program (<c>--kgo-bench</c>); null when none was given.</param>
public sealed class KafkaSystem(string? kafkaHome, string? kgoBenchFile) : IBenchedSystem
{
    private const string ClientsJar = "kafka-clients-";

    public string Name => "kafka";

    public string? WhyAbsent()
    {
        if (kafkaHome == null)
        {
            return "no Kafka was given (--kafka-home DIR)";
        }

        if (!File.Exists(Path.Combine(kafkaHome, "bin", "kafka-server-start.sh")))
        {
            return $"{kafkaHome} holds no Kafka: there is no bin/kafka-server-start.sh";
        }

        if (kgoBenchFile != null && !File.Exists(kgoBenchFile))
        {
            return $"there is no kgo-bench at {kgoBenchFile}";
        }

        return HasJava() ? null : "Kafka needs Java, and there is none in JAVA_HOME or PATH";
    }

    public IReadOnlyList<string> ClientsFor(Scenario scenario)
    {
        List<string> clients = [];
        if (JavaLoads.CanRun(scenario))
        {
            clients.Add(JavaLoads.Client);
        }

        if (kgoBenchFile != null && KgoLoads.CanRun(scenario))
        {
            clients.Add(KgoLoads.Client);
        }

        return clients;
    }

    public async Task<IRunningSystem> StartAsync(
        string dataDirectory, Scenario scenario, IProcessStarter processes, CancellationToken cancellationToken)
    {
        if (WhyAbsent() is { } reason)
        {
            throw new BenchException(reason);
        }

        string home = Path.GetFullPath(kafkaHome!);
        string data = Path.GetFullPath(dataDirectory);
        KafkaBroker broker = await KafkaBroker.StartAsync(home, data, scenario, processes, cancellationToken);
        var tools = new JavaTools(home, broker, data, processes);
        KgoLoads? kgo = kgoBenchFile == null ? null : new KgoLoads(broker, Path.GetFullPath(kgoBenchFile), processes);
        string durability = scenario.Class == DurabilityClass.B ? "flush.messages=1" : "Kafka's own flushing";
        string nodes = scenario.Nodes == 1
            ? "one node, heap 1 GiB"
            : $"{scenario.Nodes} combined nodes, heap {KafkaBroker.HeapMegabytes(scenario)} MiB each, "
                + $"replication factor {scenario.Nodes}, min.insync.replicas {(scenario.Nodes / 2) + 1}";
        string configuration = $"KRaft, {nodes}, {durability}, acks=all, no compression, one partition of committed offsets";
        return new RunningKafka(VersionIn(home), configuration, broker, tools, kgo, processes);
    }

    /// <summary>Kafka says its version by the name of its client library; asking a tool would cost a JVM start.</summary>
    private static string VersionIn(string home)
    {
        string libraries = Path.Combine(home, "libs");
        string? jar = Directory.Exists(libraries)
            ? Directory.EnumerateFiles(libraries, ClientsJar + "*.jar").Order(StringComparer.Ordinal).FirstOrDefault()
            : null;
        return jar == null ? "unknown" : Path.GetFileNameWithoutExtension(jar)[ClientsJar.Length..];
    }

    private static bool HasJava()
    {
        string? javaHome = Environment.GetEnvironmentVariable("JAVA_HOME");
        if (!string.IsNullOrEmpty(javaHome))
        {
            return File.Exists(Path.Combine(javaHome, "bin", "java"));
        }

        string path = Environment.GetEnvironmentVariable("PATH") ?? "";
        return path.Split(Path.PathSeparator).Any(directory => directory.Length > 0 && File.Exists(Path.Combine(directory, "java")));
    }
}
