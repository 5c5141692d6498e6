using System.Globalization;
using System.Text;

namespace LogBroker.RocksDb.Tests;

public sealed class KillTests
{
    [Fact]
    public async Task Synced_batches_are_whole_and_there_after_a_kill()
    {
        using var directory = new TempDirectory();
        using var child = ChildProcess.Start(["write", directory["db"]]);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var acknowledged = -1;
        while (acknowledged < 200)
        {
            var line = await child.StandardOutput.ReadLineAsync(deadline.Token);
            Assert.NotNull(line);
            acknowledged = int.Parse(line, CultureInfo.InvariantCulture);
        }

        child.Kill();
        await child.WaitForExitAsync(deadline.Token);
        while (await child.StandardOutput.ReadLineAsync(deadline.Token) is { Length: > 0 } line)
            acknowledged = int.Parse(line, CultureInfo.InvariantCulture);

        using var options = new DbOptions();
        using var db = RocksDb.Open(options, directory["db"]);
        using var iterator = db.NewIterator();
        var first = Numbers(iterator, 'a');
        var second = Numbers(iterator, 'b');
        Assert.Equal(first, second);
        Assert.True(first.Count > acknowledged, $"{first.Count} batches are there, {acknowledged + 1} were acknowledged");
        Assert.Equal(Enumerable.Range(0, first.Count), first);
    }

    private static List<int> Numbers(Iterator iterator, char prefix)
    {
        var numbers = new List<int>();
        for (iterator.Seek([(byte)prefix]); iterator.Valid && iterator.Key[0] == prefix; iterator.Next())
        {
            Assert.Equal(iterator.Key[1..].ToArray(), iterator.Value.ToArray());
            numbers.Add(int.Parse(Encoding.ASCII.GetString(iterator.Value), CultureInfo.InvariantCulture));
        }

        return numbers;
    }
}
