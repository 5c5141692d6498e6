using System.Runtime.InteropServices;
using LogBroker.Bench.Load;
using LogBroker.Bench.Report;
using LogBroker.Bench.Results;
using LogBroker.Bench.Run;
using LogBroker.Bench.Systems.Kafka;
using LogBroker.Bench.Systems.LogBroker;
using LogBroker.Bench.Systems.Nats;
using LogBroker.Bench.Systems.Redis;
using Spectre.Console;

// The first signal stops everything in order; the second ends the program at once, and the guard does the rest.
using var interrupted = new CancellationTokenSource();
void Interrupt(PosixSignalContext signal)
{
    if (!interrupted.IsCancellationRequested)
    {
        signal.Cancel = true;
        ThreadPool.QueueUserWorkItem(_ => interrupted.Cancel());
    }
}

using PosixSignalRegistration ctrlC = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
using PosixSignalRegistration hungUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Interrupt);

var host = new BenchHost
{
    Out = Console.Out,
    Error = Console.Error,
    Progress = ConsoleProgress.ForStandardOutput(),
    Systems = options =>
    [
        new LogBrokerSystem(options.LogBrokerServer),
        new KafkaSystem(options.KafkaHome, options.KgoBench),
        new NatsSystem(options.NatsServer, options.Nats),
        new RedisSystem(),
    ],
    Instruments = new MachineInstruments(),
    ReadResults = ResultFileJson.Read,
    WriteResults = ResultFileJson.Write,
    Summarize = file => ConsoleSummary.Write(AnsiConsole.Console, file),
    OtherCommands = [ReportCommand.Create(), LoadCommand.Create()],
};
return await BenchApp.RunAsync(args, host, interrupted.Token);
