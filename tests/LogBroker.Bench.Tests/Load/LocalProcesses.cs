using System.Diagnostics;
using System.Text;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Tests.Load;

/// <summary>The least that can start a broker and a load for a test.</summary>
internal sealed class LocalProcesses : IProcessStarter
{
    public IRunningProcess Start(
        string file,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        Action<string>? onLine = null)
    {
        var running = new Running(new Process { StartInfo = StartInfo(file, arguments) }, onLine);
        running.Begin();
        return running;
    }

    public async Task<FinishedProcess> RunAsync(
        string file,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        CancellationToken cancellationToken = default)
    {
        using Process process = Process.Start(StartInfo(file, arguments))!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0
            ? new FinishedProcess(await output, await errors, 0)
            : throw new BenchException($"{file} exited with {process.ExitCode}: {await errors}");
    }

    private static ProcessStartInfo StartInfo(string file, IReadOnlyList<string> arguments) =>
        new(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };

    private sealed class Running(Process process, Action<string>? onLine) : IRunningProcess
    {
        private readonly StringBuilder _output = new();

        public int Id => process.Id;

        public bool HasExited => process.HasExited;

        public string OutputTail
        {
            get
            {
                lock (_output)
                {
                    return _output.ToString();
                }
            }
        }

        public void Begin()
        {
            process.OutputDataReceived += (_, e) => Take(e.Data);
            process.ErrorDataReceived += (_, e) => Take(e.Data);
            process.Start();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }

        public async Task StopAsync()
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            process.Dispose();
        }

        private void Take(string? line)
        {
            if (line is not null)
            {
                lock (_output)
                {
                    _output.AppendLine(line);
                }

                onLine?.Invoke(line);
            }
        }
    }
}
