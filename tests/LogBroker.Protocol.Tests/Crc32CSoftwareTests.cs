using System.Diagnostics;

namespace LogBroker.Protocol.Tests;

/// <summary>The checksum on a processor without CRC instructions: the same tests in a process that may not use them.</summary>
public sealed class Crc32CSoftwareTests
{
    [Fact]
    public async Task The_table_gives_what_the_instructions_give()
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath!, [typeof(Crc32CTests).Assembly.Location, "-class", typeof(Crc32CTests).FullName!, "-noLogo"])
        {
            RedirectStandardOutput = true,
            Environment = { ["DOTNET_EnableHWIntrinsic"] = "0" },
        };
        if (!Path.GetFileNameWithoutExtension(start.FileName).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
        {
            start.ArgumentList.RemoveAt(0);
        }

        using Process process = Process.Start(start)!;
        try
        {
            string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0, output);
            Assert.Contains("Total: 12, Errors: 0, Failed: 0", output, StringComparison.Ordinal);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
