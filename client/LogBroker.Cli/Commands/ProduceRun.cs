using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>
/// One run of <c>produce</c>: reads, paces and hands over records in memory that is bounded by the producer's buffer, and counts what
/// becomes of them. A record that is refused for what it is (too large, say) does not stop the others; any other failure does.
/// </summary>
internal sealed class ProduceRun(CommandContext context, string topic, IRecordSource source, long? inputLength, bool isTyped, long skipped)
{
    private static readonly TimeSpan InterruptGrace = TimeSpan.FromSeconds(5);

    private readonly ProduceTally _tally = new(context);
    private Acks _acks;
    private readonly long _startedAt = context.Host.Time.GetTimestamp();

    /// <summary>Writes everything and reports.</summary>
    public async Task<ExitCode> RunAsync(ProducerOptions options, RecordRate? rate, CancellationToken ct)
    {
        _acks = options.Acks;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        _tally.StopRequested = stop;
        await using LogBrokerClient client = context.CreateClient();
        Producer producer = client.CreateProducer(options);
        CliException? badInput = null;
        using (ProgressLine? progress = isTyped ? null : ProgressLine.Start(context, ProgressState))
        {
            try
            {
                badInput = await HandOverAsync(producer, rate, stop.Token);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Interrupted, or stopped by a failure that the tally has: what was handed over is still waited for.
            }

            await FlushAsync(producer, ct);
        }

        ExitCode exit = Report(badInput, ct.IsCancellationRequested);
        if (!ct.IsCancellationRequested)
        {
            await producer.DisposeAsync();
        }

        return exit;
    }

    /// <summary>Returns what was wrong with the input, or null.</summary>
    private async Task<CliException?> HandOverAsync(Producer producer, RecordRate? rate, CancellationToken ct)
    {
        RecordPacer? pacer = rate is { } some ? new RecordPacer(some, context.Host.Time) : null;
        for (long number = 1; ; number++)
        {
            try
            {
                if (await source.ReadAsync(ct) is not { } record)
                {
                    return null;
                }

                if (number <= skipped)
                {
                    continue;
                }

                if (pacer is not null)
                {
                    await pacer.WaitAsync(ct);
                }

                _tally.HandedOver();
                await producer.EnqueueAsync(topic, record, _tally.OnDelivered, new ProducedRecord(number, Size(record)), ct);
            }
            catch (LogBrokerException e)
            {
                _tally.Failed(number, e);
            }
            catch (CliException e)
            {
                return e;
            }
            catch (IOException e)
            {
                return new CliException(ExitCode.Unexpected, "cannot read the input: " + e.Message);
            }

            ct.ThrowIfCancellationRequested();
        }
    }

    private async Task FlushAsync(Producer producer, CancellationToken interrupted)
    {
        using var patience = new CancellationTokenSource();
        await using CancellationTokenRegistration hurry = interrupted.Register(() => patience.CancelAfter(InterruptGrace));
        try
        {
            await producer.FlushAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // The report says how many are without an answer.
        }
        catch (LogBrokerException)
        {
            // Every record has a callback, so the tally has it.
        }
    }

    private ExitCode Report(CliException? badInput, bool isInterrupted)
    {
        TimeSpan elapsed = context.Host.Time.GetElapsedTime(_startedAt);
        ProduceSummary sum = _tally.Summary();
        if (context.Format is OutputFormat.Json or OutputFormat.Table && context.HasOutputFormat)
        {
            context.Output.Single(sum.ToRecord(topic, elapsed));
            context.Host.Stdout.Flush();
        }

        string rate = elapsed.TotalSeconds >= 1 && sum.Acknowledged >= 100
            ? $", {HumanSize.Count((long)(sum.Acknowledged / elapsed.TotalSeconds))} records/s" : "";
        if (sum.Acknowledged > 0 || sum.Failure is null)
        {
            context.Note(
                $"{(_acks == Acks.None ? "sent" : "acknowledged")} {HumanSize.Counted(sum.Acknowledged, "record")} "
                + $"({HumanSize.Bytes(sum.Bytes)}) in {HumanSize.Duration(elapsed)}{rate}");
        }

        if (sum.Failure is { } failure)
        {
            string which = sum.Acknowledged == 0 && sum.Failed == sum.HandedOver
                ? ""
                : $"{HumanSize.Count(sum.Failed)} of {HumanSize.Counted(sum.HandedOver, "record")} failed; "
                    + $"the first was record {sum.FailedRecord}: ";
            context.Error(which + ErrorText.Of(failure, context), ErrorText.HintOf(failure, context));
        }

        if (badInput is not null)
        {
            context.Error(badInput.Message, badInput.Hint);
        }

        if (isInterrupted)
        {
            WriteResumeHint(sum);
            return ExitCode.Interrupted;
        }

        bool isGood = sum.Failure is null && badInput is null;
        return isGood ? ExitCode.Ok
            : sum.Acknowledged > 0 ? ExitCode.Partial
            : sum.Failure is not null ? ErrorText.ExitOf(sum.Failure) : badInput!.Exit;
    }

    private void WriteResumeHint(ProduceSummary sum)
    {
        if (sum.Unanswered > 0)
        {
            context.Note($"interrupted: {HumanSize.Counted(sum.Unanswered, "record")} without an answer may or may not have been written");
        }
        else if (sum.Failed == 0)
        {
            context.Note($"interrupted; go on with: logbroker produce {topic} --skip {skipped + sum.Acknowledged}");
        }
    }

    private (double? Share, string Text) ProgressState()
    {
        ProduceSummary sum = _tally.Summary();
        double seconds = Math.Max(0.001, context.Host.Time.GetElapsedTime(_startedAt).TotalSeconds);
        double? share = inputLength is { } length and > 0 ? (double)source.BytesRead / length : null;
        string waiting = sum.Unanswered > 0 ? $", {HumanSize.Count(sum.Unanswered)} on the way" : "";
        string rate = HumanSize.Count((long)(sum.Acknowledged / seconds));
        return (share, $"{HumanSize.Counted(sum.Acknowledged, "record")} acknowledged{waiting}, {rate}/s");
    }

    private static int Size(in ProducerRecord record) => (record.Key?.Length ?? 0) + (record.Value?.Length ?? 0);
}
