using System.Globalization;
using Veza.Bench;
using Veza.Bench.Live;

return args switch
{
    ["log", .. var rest] => await LogBench.RunAsync(new(rest)),
    ["log-growth", .. var rest] => await LogGrowthBench.RunAsync(new(rest)),
    ["live", .. var rest] => await LiveBench.RunAsync(new(rest)),
    ["http", .. var rest] => await HttpBench.RunAsync(new(rest)),
    // The processes that the two above start.
    ["serve", var database, var port] => await Server.ServeAsync(database, port),
    ["serve-plain", var port] => await Server.ServePlainAsync(port),
    ["serve-bare", var database, var port] => await Server.ServeBareAsync(database, port),
    ["hold", var port, var count, var token, var channel] => NodesBench.Hold(
        int.Parse(port, CultureInfo.InvariantCulture),
        int.Parse(count, CultureInfo.InvariantCulture),
        token,
        channel
    ),
    ["projections", .. var rest] => await ProjectionsBench.RunAsync(new(rest)),
    ["feed", .. var rest] => await FeedBench.RunAsync(new(rest)),
    ["chat", .. var rest] => await ChatBench.RunAsync(new(rest)),
    ["auth"] => await AuthBench.RunAsync(),
    ["charts", .. var rest] => await ChartBench.RunAsync(new(rest)),
    ["marten", .. var rest] => await MartenBench.RunAsync(new(rest)),
    ["fill", var events] => await MessageLog.FillAsync(long.Parse(events, CultureInfo.InvariantCulture)),
    ["reconnect", .. var rest] => await ReconnectBench.RunAsync(new(rest)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine(
        """
        usage: ./veza bench NAME [options]

          log [--seconds N] [--rounds N] [--only NAME] [--analyst]
              appends and reads against two baselines; --only the cases whose names hold NAME;
              --analyst leaves a transaction open
          log-growth [--millions 1,5,20] [--seconds N]
              the same with more and more events in the log
          live [--seconds N] [--rounds N] [--only CASES] [--connections N]
              the latency from a command to its subscribers, with a server in a separate process;
              CASES of channels, stopped (some do not read), crowd (one channel of 10,000),
              plain (bare SignalR), idle, nodes (--processes 6)
          http [--seconds N] [--rounds N] [--only CASES]
              commands over HTTP with authentication; CASES of closed, bare (endpoints without it), open
          projections [--millions 1,5] [--only single,multi,rows,three,all,lag] [--rounds N] [--seconds N]
                      [--home FOLDER] [--fill]
              rebuilds and lag; with --home the logs stay in the folder, and --fill only creates them
          feed [--seconds N]
              a page of the feed of readers who follow 5,000 accounts
          chat [--seconds N]
              pages of a channel of a million messages, unread counts of 1,000 channels, permissions
          auth
              the cost of verifying an access token
          charts [--seconds N]
              every chart, with a million plays of 10,000 tracks
          marten [--seconds N] [--rounds N] [--only append,rebuild,lag] [--events N] [--rate N]
              Marten's own append and daemon beside the log
          reconnect [--subscribers N] [--missed N] [--accounts]
              the time until all are live again after their server was killed; each missed N events of its
              channel; --accounts: each follows its own account too
          fill EVENTS
              appends messages to DATABASE_URL until its log has so many events, and measures nothing
          web [-g WORDS]
              the page in Chromium: first load, scrolling, typing while messages arrive, memory; bench/Web, run by
              Playwright; BENCH_MESSAGES=N sets the length of the long channel
        """
    );
    return 2;
}
