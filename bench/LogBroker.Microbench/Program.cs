using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using LogBroker.Microbench;

// dotnet run -c Release --project bench/LogBroker.Microbench -- --filter '*Crc*' [--baseline]
// In process and in short runs by default: enough to see what a change does, in minutes. All options of BenchmarkDotNet work.
bool writesBaseline = args.Contains("--baseline");
string[] rest = [.. args.Where(a => a != "--baseline")];

ManualConfig config = ManualConfig.CreateEmpty()
    .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddColumnProvider(DefaultColumnProviders.Instance)
    .AddLogger(ConsoleLogger.Default)
    .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "logbroker-microbench"))
    .WithOptions(ConfigOptions.JoinSummary);

var load = MachineLoad.Read();
var summaries = BenchmarkSwitcher.FromAssembly(typeof(MachineLoad).Assembly).Run(rest, config).ToList();
if (writesBaseline)
{
    Console.WriteLine($"Baseline: {BaselineFile.Merge(summaries, load)}");
}

return summaries.Exists(s => s.HasCriticalValidationErrors || s.Reports.Any(r => !r.Success)) ? 1 : 0;
