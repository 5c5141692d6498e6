using System.CommandLine;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;
using LogBroker.Client;

namespace LogBroker.Bench.Load;

/// <summary>
/// The command <c>load</c>, which the harness starts as a process of its own. Its last line on standard output is JSON: a
/// <see cref="ClientResult"/>, or a <see cref="VerifyResult"/> of the phase <c>verify</c>. Exit code 1 says why on standard error.
/// </summary>
public static class LoadCommand
{
    /// <summary>The command, to be added to the root.</summary>
    public static Command Create()
    {
        var servers = new Option<string>("--servers") { Description = "HOST:PORT of the broker", Required = true };
        var topic = new Option<string>("--topic") { Description = "The topic, which exists", Required = true };
        var scenario = new Option<FileInfo>("--scenario-file") { Description = "A scenario as JSON", Required = true };
        var phase = new Option<LoadPhase>("--phase") { Description = "prepare, run or verify", Required = true };
        var expected = new Option<FileInfo?>("--expect-file") { Description = "What was acknowledged, the JSON of a result; for verify" };
        var acks = new Option<FileInfo?>("--acks-file") { Description = "Where each acknowledgement is written; a load until SIGTERM" };
        var command = new Command("load", "Runs one load against a broker and prints one line of JSON; used by run.")
        {
            servers, topic, scenario, phase, expected, acks,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            try
            {
                var read = LoadJson.Read<Scenario>(await File.ReadAllTextAsync(parsed.GetValue(scenario)!.FullName, cancellationToken));
                var target = new LoadTarget(parsed.GetValue(servers)!, parsed.GetValue(topic)!, read);
                FileInfo? expectedFile = parsed.GetValue(expected);
                if (parsed.GetValue(acks) is { } acksFile)
                {
                    Console.WriteLine(LoadJson.Write(await SteadyLoad.RunAsync(target, acksFile.FullName, cancellationToken)));
                    return 0;
                }

                Console.WriteLine(await RunAsync(target, parsed.GetValue(phase), expectedFile, cancellationToken));
                return 0;
            }
            catch (Exception e) when (e is BenchException or LogBrokerException or IOException or OperationCanceledException)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return 1;
            }
        });
        return command;
    }

    private static async Task<string> RunAsync(
        LoadTarget target, LoadPhase phase, FileInfo? expectedFile, CancellationToken cancellationToken)
    {
        // Loops that never wait would otherwise leave no thread to the SDK at the start.
        ThreadPool.GetMinThreads(out int workers, out int ports);
        ThreadPool.SetMinThreads(Math.Max(workers, target.Scenario.Producers + target.Scenario.Consumers + 4), ports);
        switch (phase)
        {
            case LoadPhase.Prepare:
                return LoadJson.Write(await LoadProgram.PrepareAsync(target, cancellationToken));
            case LoadPhase.Verify:
                ClientResult? written = expectedFile is null
                    ? null
                    : LoadJson.Read<ClientResult>(await File.ReadAllTextAsync(expectedFile.FullName, cancellationToken));
                return LoadJson.Write(await VerifyLoad.RunAsync(target, written, cancellationToken));
            default:
                return LoadJson.Write(await LoadProgram.RunAsync(target, cancellationToken));
        }
    }
}
