namespace LogBroker.TestKit.Tests;

/// <summary>A history of the size that a long run has.</summary>
public sealed class LargeHistoryTests
{
    private const int PartitionsCount = 4;
    private const int PollRecordsCount = 500;

    [Fact]
    public void A_large_history_is_checked_whole_and_one_loss_in_it_is_found()
    {
        int recordsCount = int.Parse(Environment.GetEnvironmentVariable("LOGBROKER_CHECKER_RECORDS") ?? "100000");
        var history = new History();
        long timeNs = 0;
        for (int i = 0; i < recordsCount; i++)
        {
            var record = new PlacedRecord(i % PartitionsCount, -1, new RecordValue(i % 8, i));
            int sent = history.Invoke(i % 8, OpAction.Send, ++timeNs, record);
            history.Complete(sent, OpType.Ok, ++timeNs, record with { Offset = i / PartitionsCount });
        }

        var replicas = new List<ReplicaRead>();
        for (int reader = 0; reader < 5; reader++)
        {
            for (int partition = 0; partition < PartitionsCount; partition++)
            {
                PlacedRecord[] all =
                [
                    .. Enumerable.Range(0, recordsCount).Where(i => i % PartitionsCount == partition)
                        .Select(i => new PlacedRecord(partition, i / PartitionsCount, new RecordValue(i % 8, i)))
                ];
                if (reader >= 2)
                {
                    replicas.Add(new ReplicaRead(reader, partition, 0, all.Length, 7, all));
                    continue;
                }

                foreach (var records in all.Chunk(PollRecordsCount))
                    history.Complete(history.Invoke(20 + reader, OpAction.Poll, ++timeNs), OpType.Ok, ++timeNs, records);
            }
        }

        var whole = HistoryChecker.Check(history, new CheckOptions { Replicas = replicas, AcksMin = recordsCount });
        Assert.True(whole.IsValid, whole.ToString());

        var (node, read) = (replicas[^1].Node, replicas[^1].Records);
        replicas[^1] = replicas[^1] with { Records = [.. read.Take(read.Count / 2), .. read.Skip((read.Count / 2) + 1)] };
        var report = HistoryChecker.Check(history, new CheckOptions { Replicas = replicas });
        Assert.Equal((node, LossClass.Middle, 1L), (report.Losses[0].Node, report.Losses[0].Class, report.Losses.Sum(loss => loss.Count)));
        Assert.Contains(Anomaly.LostOnReplica, report.Kinds);
    }
}
