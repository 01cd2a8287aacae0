# Signs the executables for Windows (Authenticode) with the certificate in CERTIFICATE (base64 of a .pfx). Without that secret
# the step is skipped, and said to be.
$ErrorActionPreference = 'Stop'
if (-not $env:CERTIFICATE) {
  Write-Output 'not signed: there is no secret WINDOWS_CERTIFICATE'
  exit 0
}
$file = Join-Path ([IO.Path]::GetTempPath()) 'certificate.pfx'
try {
  [IO.File]::WriteAllBytes($file, [Convert]::FromBase64String($env:CERTIFICATE))
  $password = ConvertTo-SecureString $env:CERTIFICATE_PASSWORD -AsPlainText -Force
  $certificate = Get-PfxCertificate -FilePath $file -Password $password
  foreach ($executable in Get-ChildItem dist/targets/windows-*/mcp-bridge.exe) {
    $signature = Set-AuthenticodeSignature -FilePath $executable -Certificate $certificate -HashAlgorithm SHA256 `
      -IncludeChain NotRoot -TimestampServer 'http://timestamp.digicert.com'
    if ($signature.Status -ne 'Valid') { throw "cannot sign ${executable}: $($signature.StatusMessage)" }
    Write-Output "signed $executable"
  }
} finally {
  Remove-Item $file -ErrorAction SilentlyContinue
}
