using System.Globalization;
using System.Runtime.InteropServices;
using LogBroker.Chaos;

const string Usage = """
    Breaks a cluster of three logbrokerd for a while, by a seed, and checks everything that clients saw.

      --seconds N      how long faults are made; default 600
      --seed N         what is broken, in which order; default: the time
      --report FILE    where the report goes, as Markdown; default: the output
      --history FILE   where the history goes, one entry a line
      --directory DIR  where logs and data lie; default: a temporary directory, removed at the end
      --network X      proxy (default), or namespaces, which need root
      --disks X        plain, or images, which need root; default: images for root
      --rate N         records per second of all writers together; default 400
      --only TEXT      only kinds of faults whose name has this part, such as "wiped" or "kill"
    """;

var options = new Dictionary<string, string>
{
    ["--seconds"] = "600",
    ["--seed"] = (DateTime.UtcNow.Ticks % 1_000_000).ToString(CultureInfo.InvariantCulture),
    ["--report"] = "",
    ["--history"] = "",
    ["--directory"] = "",
    ["--network"] = "proxy",
    ["--disks"] = Environment.IsPrivilegedProcess ? "images" : "plain",
    ["--rate"] = "400",
    ["--only"] = "",
};
for (int i = 0; i < args.Length; i += 2)
{
    if (!options.ContainsKey(args[i]) || i + 1 == args.Length)
    {
        Console.Error.WriteLine(Usage);
        return 2;
    }

    options[args[i]] = args[i + 1];
}

int Number(string option) => int.Parse(options[option], CultureInfo.InvariantCulture);
string? Text(string option) => options[option].Length == 0 ? null : Path.GetFullPath(options[option]);

if (!FaultSchedule.AllKinds.Any(kind => kind.Name.Contains(options["--only"], StringComparison.OrdinalIgnoreCase)))
{
    Console.Error.WriteLine($"no kind of fault has \"{options["--only"]}\" in its name; there are:");
    foreach (var kind in FaultSchedule.AllKinds)
        Console.Error.WriteLine($"  {kind.Name}");
    return 2;
}

if (Text("--directory") is { } directory)
    Directory.CreateDirectory(directory);
int rate = Number("--rate");
var settings = new RunSettings
{
    Seed = Number("--seed"),
    Time = TimeSpan.FromSeconds(Number("--seconds")),
    HasNamespaces = options["--network"] == "namespaces",
    Only = options["--only"],
    HistoryPath = Text("--history"),
    Scene = new SceneSettings
    {
        Directory = Text("--directory"),
        HasImages = options["--disks"] == "images",
        HasSlowDisk = true,
        Partitions = 4,
        Readers = 3,
        Writers =
        [
            new WriterSettings(1, true, TimeSpan.FromSeconds(30), rate * 3 / 8),
            new WriterSettings(2, true, TimeSpan.FromSeconds(2), rate / 4),
            new WriterSettings(3, true, TimeSpan.FromSeconds(8), rate / 8),
            new WriterSettings(4, false, TimeSpan.FromSeconds(3), rate / 4),
        ],
    },
};
using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    var run = await ChaosRun.RunAsync(settings, Console.Error, stop.Token);
    string[] said = ["--seconds", "--seed", "--network", "--disks", "--rate", "--only"];
    string words = string.Join(' ', said.Where(option => options[option].Length > 0).Select(option => $"{option} {options[option]}"));
    string report = RunReport.Of(run, $"tests/chaos/run.sh {words}");
    if (Text("--report") is { } path)
        await File.WriteAllTextAsync(path, report);
    else
        Console.Write(report);
    Console.Error.WriteLine(run.Outcome.IsValid ? "clean" : "FAILED: the report says why");
    return run.Outcome.IsValid ? 0 : 1;
}
catch (Exception e) when (e is FaultUnavailableException or InvalidOperationException or TimeoutException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("stopped: no verdict");
    return 130;
}
