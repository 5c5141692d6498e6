using System.Runtime.InteropServices;
using LogBroker.Cli;
using LogBroker.Protocol;

CliHost host = CliHost.ForProcess();
if (args is ["version"] or ["--version"])
{
    try
    {
        VersionCommand.WriteLine(host);
    }
    catch (BrokenPipeException)
    {
        // Nobody wants to know.
    }

    return 0;
}

// The first Ctrl-C asks the command to end well; the second ends the process at once.
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
ExitCode exit = await CliApp.RunAsync(args, host, interrupted.Token);
return (int)exit;
